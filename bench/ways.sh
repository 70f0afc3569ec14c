# shellcheck shell=bash
# The ways to load that bench/run compares: what each sends to the target, and how it is measured. Uses what bench/run
# sets, and its functions.
# shellcheck disable=SC2154

# describe_shape SHAPE: what the ways' statements need to know of its columns.
describe_shape() {
  shape_columns=$(source_database -At -v shape="$1" <<'SQL'
SELECT string_agg(format('%I %s', attname, format_type(atttypid, atttypmod)), ', ' ORDER BY attnum)
FROM pg_attribute WHERE attrelid = :'shape'::regclass AND attnum > 0
SQL
  )
  shape_record=$(source_database -At -v shape="$1" <<'SQL'
SELECT 'jsonb_build_object(' || string_agg(format('%L, %I', attname, attname), ', ' ORDER BY attnum) || ')'
FROM pg_attribute
WHERE attrelid = :'shape'::regclass AND attnum > 0 AND attname NOT IN ('id', 'company_id', 'created_at')
SQL
  )
  shape_row="'$1', company_id::text, id::text, created_at, $shape_record, \"deletedAt\" IS NOT NULL"
}

key_columns='event_type, customer_id, id, "timestamp", record, is_deleted'
set_changed='"timestamp" = EXCLUDED."timestamp", record = EXCLUDED.record, is_deleted = EXCLUDED.is_deleted,
  last_changed_at = now()'

# upsert TABLE FROM [WHERE]
upsert() {
  echo "INSERT INTO bench.$1 AS t ($key_columns) SELECT $shape_row FROM $2
ON CONFLICT (id, customer_id, event_type) DO UPDATE SET $set_changed ${3:-};"
}

# statement SHAPE WAY: what is timed.
statement() {
  case $2 in
  hyperline) echo "CALL hyperline.refresh_loader('$1');" ;;
  fdw) upsert fdw "remote.$1" ;;
  fdw_filtered)
    upsert fdw_filtered "remote.$1" 'WHERE (t."timestamp", t.record, t.is_deleted)
      IS DISTINCT FROM (EXCLUDED."timestamp", EXCLUDED.record, EXCLUDED.is_deleted)'
    ;;
  dblink) upsert dblink "dblink('source', 'SELECT * FROM $1') AS r($shape_columns)" ;;
  copy) echo "COPY bench.copy ($key_columns) FROM '$TMPDIR/$1.copy';" ;;
  *) die "there is no way $2" ;;
  esac
}

table_of() {
  [[ $1 == hyperline ]] && echo hyperline.events || echo "bench.$1"
}

# measure SHAPE LOAD ROUND WAY
measure() {
  local shape=$1 load=$2 round=$3 way=$4 table seen=$TMPDIR/seen postmaster
  table=$(table_of "$way")
  if [[ $way == copy && ($load != fresh || $shape == huge) ]]; then
    return # COPY can say nothing of rows that are there already
  fi
  if [[ $load == fresh ]]; then
    if [[ $stored -gt 0 ]]; then
      target -c "DELETE FROM $table WHERE event_type <> 'stored'" -c "VACUUM $table"
    else
      target -c "TRUNCATE $table"
    fi
    # A loader that has stored something before would look for it.
    [[ $way != hyperline ]] ||
      target -o /dev/null -c "SELECT hyperline.reset_loader('$shape')" -c "DELETE FROM hyperline.run WHERE loader = '$shape'"
    [[ $way != copy || -f $TMPDIR/$shape.copy ]] ||
      source_database -c "COPY (SELECT $shape_row FROM $shape) TO '$TMPDIR/$shape.copy'"
  fi
  target -c CHECKPOINT
  rm -f "$seen"
  postmaster=$(head -n 1 "$server_home/source/data/postmaster.pid")
  target -v shape="$shape" -v load="$load" -v round="$round" -v way="$way" -v seen="$seen" -v postmaster="$postmaster" -v table="$table" -v bench="$bench" \
    -f <(
      # What every session reads before it can do anything is not the load's memory.
      echo "SELECT count(*) AS warm FROM $table WHERE id = '0' \\gset"
      [[ $way != dblink ]] || echo "SELECT dblink_connect('source', conninfo) AS connected FROM bench.source \\gset"
      echo "\\i $bench/begin.sql"
      statement "$shape" "$way"
      echo "\\i $bench/end.sql"
    )
  target -c "VACUUM (ANALYZE) $table"
}

# Rows of another event type, in the tables of all ways.
store_before() {
  local way shape_columns shape_record shape_row
  describe_shape stored
  for way in "${ways[@]}"; do
    if [[ $way == hyperline ]]; then
      target -c "$(statement stored hyperline)"
    else
      target -c "INSERT INTO bench.$way ($key_columns) SELECT $key_columns FROM hyperline.events"
    fi
    target -c "VACUUM (ANALYZE) $(table_of "$way")"
  done
}
