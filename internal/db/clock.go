package db

// Clock is SQL for the database's own time in microseconds, by which leases end: so
// that the nodes' clocks do not matter.
func (d *DB) Clock() string {
	if d.Postgres {
		return "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"
	}
	return "CAST(unixepoch('subsec') * 1000000 AS INTEGER)"
}
