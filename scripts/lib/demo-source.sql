-- A small software company's product database.
CREATE TABLE companies (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE api_calls (
	id bigint PRIMARY KEY,
	company_id int NOT NULL REFERENCES companies,
	called_at timestamptz NOT NULL,
	endpoint text NOT NULL,
	milliseconds int NOT NULL,
	price numeric(8, 4) NOT NULL
);
CREATE TABLE seats (
	id int PRIMARY KEY,
	company_id int NOT NULL REFERENCES companies,
	email text NOT NULL,
	since timestamptz NOT NULL,
	deleted_at timestamptz
);
INSERT INTO companies
SELECT g, (ARRAY['Acme', 'Globex', 'Initech', 'Umbrella', 'Hooli', 'Stark', 'Wayne', 'Tyrell'])[1 + g % 8] || ' ' ||
          (ARRAY['AG', 'Ltd', 'Inc.', 'GmbH', 'SA'])[1 + g % 5] || ' ' || g
FROM generate_series(1, 200) g;
INSERT INTO api_calls
SELECT g, 1 + (g * 7919) % 200, timestamptz '2026-01-01 00:00+00' + g * interval '37 seconds',
       '/v1/' || (ARRAY['search', 'export', 'users', 'reports'])[1 + g % 4], 5 + (g * 31) % 400, ((g * 13) % 100) / 10000.0
FROM generate_series(1, 250000) g;
INSERT INTO seats
SELECT g, 1 + g % 200, 'user' || g || '@example.com', timestamptz '2026-01-01 00:00+00' + g % 90 * interval '1 day',
       CASE WHEN g % 25 = 0 THEN timestamptz '2026-06-01 00:00+00' END
FROM generate_series(1, 5000) g;
CREATE ROLE billing_reader LOGIN;
GRANT SELECT ON companies, api_calls, seats TO billing_reader;
ANALYZE;
