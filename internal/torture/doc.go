// Package torture breaks a running Dhvani and the machine under it, and shows
// that nothing is lost and nothing counts twice. It holds no code, only tests:
// they build the real program, drive it by HTTP and by its command line, and
// keep a record of their own of every event that was acknowledged, forced to
// disk before it counts. After the faults that record is compared, id by id,
// with what the program stored and with what it says it stored.
//
// Each fault has a file. "go test" runs a short form of each, DHVANI_TORTURE=long
// the long one (make torture). A test that needs a program or a right which is
// not there is left out by name.
package torture
