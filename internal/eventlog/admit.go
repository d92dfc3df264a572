package eventlog

// Admit says whether a workspace may send more events now: while the log is
// overloaded it is an *Unavailable for those workspaces that wait for most.
func (l *Log) Admit(workspace int64) error {
	return nil
}
