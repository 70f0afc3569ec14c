SELECT hyperline.create_customer('new', 'New Ltd');
SELECT hyperline.create_customer('new');
SELECT hyperline.create_customer('');
SELECT hyperline.create_customer(NULL);
SELECT hyperline.activate_customer('1', 'Acme AG');
SELECT hyperline.activate_customer('2');
SELECT hyperline.rename_customer('2', 'Umbrella Corporation');
SELECT hyperline.archive_customer('2');
SELECT hyperline.activate_customer('nobody');
SELECT hyperline.rename_customer('nobody', 'x');
SELECT hyperline.rename_customer('2', NULL);
SELECT hyperline.archive_customer('nobody');
SELECT external_id, name, status, created_by FROM hyperline.customers ORDER BY 1;
SELECT external_id, name, created_by FROM hyperline.pending_customers WHERE created_by = 'calls' ORDER BY 1;
-- A load changes none of it.
CALL hyperline.refresh_loader('calls');
SELECT external_id, name, status FROM hyperline.customers ORDER BY 1;
