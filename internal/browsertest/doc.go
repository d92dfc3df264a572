// Package browsertest uses the console as people do: in Chromium, against a
// whole Dhvani on a free port. It holds no code, only tests.
//
// Whatever a test is about, it also fails where a page breaks its content
// security policy, throws, writes an error to the console, asks another host
// for something, or gets no good answer. Where a test fails, its page is kept as a
// picture; DHVANI_PICTURES says in which folder.
//
// Without Chromium the tests are left out by name.
package browsertest
