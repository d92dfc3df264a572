package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/dhvani/dhvani/internal/app"
)

type userCommand struct {
	Add userAdd `cmd:"" help:"Add a member of staff. The password is asked for, or read from standard input."`
}

type userAdd struct {
	placeFlags
	Workspace string `help:"The workspace's name or id; not needed where there is one only."`
	Email     string `help:"E-mail address, by which to sign in." required:""`
	Name      string `help:"The person's name."`
	Role      string `help:"owner, admin, analyst or agent." enum:"owner,admin,analyst,agent" default:"owner"`
}

func (c userAdd) Run(ctx context.Context) error {
	password, err := readPassword()
	if err != nil {
		return err
	}
	in := app.AddUser{Workspace: c.Workspace, Email: c.Email, Name: c.Name, Role: c.Role, Password: password}
	if err := call(ctx, c.placeFlags, "POST", "/admin/users", in, &struct{}{}); err != nil {
		return err
	}
	fmt.Printf("%s may now work here as %s.\n", c.Email, c.Role)
	return nil
}

func readPassword() (string, error) {
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		line, err := bufio.NewReader(os.Stdin).ReadString('\n')
		if line == "" && err != nil {
			return "", errors.New("no password on standard input")
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	fmt.Fprint(os.Stderr, "Password (at least 10 characters): ")
	first, err := term.ReadPassword(int(os.Stdin.Fd()))
	fmt.Fprint(os.Stderr, "\nOnce more: ")
	if err != nil {
		return "", err
	}
	second, err := term.ReadPassword(int(os.Stdin.Fd()))
	fmt.Fprintln(os.Stderr)
	if err != nil {
		return "", err
	}
	if string(first) != string(second) {
		return "", errors.New("the two passwords differ")
	}
	return string(first), nil
}
