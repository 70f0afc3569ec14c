-- After CREATE EXTENSION only its owner and superusers see or call anything.

REVOKE ALL ON ALL TABLES IN SCHEMA hyperline FROM PUBLIC;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA hyperline FROM PUBLIC;
REVOKE ALL ON ALL ROUTINES IN SCHEMA hyperline FROM PUBLIC;
REVOKE ALL ON SCHEMA hyperline FROM PUBLIC;

-- Nor whoever the installer's ALTER DEFAULT PRIVILEGES let have what is created. An upgrade script that creates something
-- ends with this too.
SELECT hyperline.revoke_access(x.grantee::regrole)
FROM (
	SELECT DISTINCT a.grantee
	FROM (
		SELECT n.nspacl, n.nspowner FROM pg_namespace n WHERE n.nspname = 'hyperline'
		UNION ALL
		SELECT c.relacl, c.relowner FROM pg_class c WHERE c.relnamespace = 'hyperline'::regnamespace
		UNION ALL
		SELECT p.proacl, p.proowner FROM pg_proc p WHERE p.pronamespace = 'hyperline'::regnamespace
	) AS o (acl, owner)
	CROSS JOIN LATERAL aclexplode(o.acl) a
	WHERE a.grantee NOT IN (0, o.owner, current_user::regrole::oid)
) x;
