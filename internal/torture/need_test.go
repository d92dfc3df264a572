package torture_test

import (
	"os"
	"os/exec"
	"testing"
)

// needPrograms leaves a test out, by name, where a program is missing.
func needPrograms(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("LEFT OUT, no %s: %v", name, err)
		}
	}
}

// needRoot leaves a test out where mounting is not allowed.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("LEFT OUT, not root: file systems cannot be mounted")
	}
}

// run runs a program that must succeed.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
	return string(out)
}
