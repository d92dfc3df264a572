// Package watch looks at what is counted and how things ended, all the time, and
// says so when something is no longer as it usually is.
//
// Each workspace has some dozens of watched signals (signal.go): shares of what
// went badly, as a whole and by the largest values of some dimensions, and counts
// of what comes. Each is a detector of package detect, which has learnt from the
// workspace's own history (train.go). New outcomes are read in the order of the
// log (feed.go), and after each reading the evidence of all signals is judged
// together (judge.go), so that all of a workspace's signals share one budget of
// false alarms. What is found becomes an Insight of package incident, with its
// causes, the customers whom it hits and what it cost (finding.go).
//
// One node watches at a time, by a lease. How far it has read, what its detectors
// know and the Insights that follow are written in one transaction, so a crash or
// another node goes on where this one was and opens nothing twice.
package watch
