-- The gates between C++ and PostgreSQL: test/gates/gates.cpp
\getenv gates HYPERLINE_GATES
CREATE FUNCTION gate_throw(text) RETURNS void LANGUAGE c STRICT AS :'gates';
CREATE FUNCTION gate_pass(text) RETURNS void LANGUAGE c STRICT AS :'gates';
CREATE FUNCTION gate_pass_hidden(text) RETURNS void LANGUAGE c STRICT AS :'gates';
CREATE FUNCTION gate_look(text) RETURNS void LANGUAGE c STRICT AS :'gates';
CREATE FUNCTION gate_alive() RETURNS int LANGUAGE c AS :'gates';
CREATE FUNCTION fail(state text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN
	RAISE EXCEPTION 'an error of PostgreSQL' USING ERRCODE = state, DETAIL = 'Its detail.', HINT = 'Its hint.';
END $$;

-- C++ exceptions become errors, after all destructors ran.
SELECT gate_throw('ours');
\echo :LAST_ERROR_SQLSTATE
SELECT gate_throw('standard');
\echo :LAST_ERROR_SQLSTATE
SELECT gate_throw('memory');
\echo :LAST_ERROR_SQLSTATE
SELECT gate_throw('anything');
\echo :LAST_ERROR_SQLSTATE
SELECT gate_alive();

-- Errors keep SQLSTATE, DETAIL, HINT and CONTEXT on their way through C++.
SELECT gate_pass('SELECT fail(''22012'')');
\echo :LAST_ERROR_SQLSTATE
SELECT gate_pass('SELECT gate_pass(''SELECT fail(''''54001'''')'')');
\echo :LAST_ERROR_SQLSTATE
SELECT gate_pass('SELECT 1 FROM missing');
SELECT gate_pass_hidden('SELECT fail(''22012'')');
SELECT gate_look('SELECT fail(''40001'')');
\echo :LAST_ERROR_SQLSTATE
SELECT gate_alive();

-- They can be caught, and the transaction and the session go on.
DO $$
DECLARE detail text; context text;
BEGIN
	FOR i IN 1..1000 LOOP
		BEGIN
			PERFORM gate_pass('SELECT fail(''22012'')');
		EXCEPTION WHEN division_by_zero THEN
			GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, context = PG_EXCEPTION_CONTEXT;
		END;
		BEGIN
			PERFORM gate_throw('ours');
		EXCEPTION WHEN SQLSTATE 'HL999' THEN
		END;
	END LOOP;
	RAISE NOTICE '% %', detail, context;
END $$;
SELECT gate_alive();
SET statement_timeout = '50ms';
SELECT gate_pass('SELECT pg_sleep(100)');
RESET statement_timeout;
SELECT gate_pass('SELECT 1');
SELECT gate_alive();
DROP FUNCTION fail, gate_throw, gate_pass, gate_pass_hidden, gate_look, gate_alive;
