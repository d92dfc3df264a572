package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"golang.org/x/term"

	"github.com/dhvani/dhvani/internal/app"
)

type userCommand struct {
	Add   userAdd   `cmd:"" help:"Add a member of staff. The password is asked for, or read from standard input."`
	List  userList  `cmd:"" help:"List a workspace's staff."`
	Reset userReset `cmd:"" help:"Print a link by which a person chooses a new password. It works once, for a day."`
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

type userList struct {
	placeFlags
	Workspace string `help:"The workspace's name or id; not needed where there is one only."`
	JSON      bool   `help:"Print JSON."`
}

func (c userList) Run(ctx context.Context) error {
	var list []app.UserInfo
	if err := call(ctx, c.placeFlags, "POST", "/admin/users/list", app.NamedKey{Workspace: c.Workspace}, &list); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(list)
	}
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "E-MAIL\tNAME\tROLE\tSECOND FACTOR")
	for _, u := range list {
		second := "no"
		if u.SecondFactor {
			second = "yes"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", u.Email, u.Name, u.Role, second)
	}
	return t.Flush()
}

type userReset struct {
	placeFlags
	Email               string `arg:"" help:"The person's e-mail address."`
	URL                 string `help:"Address of the console as that person reaches it; by default the one that the server listens on." placeholder:"URL"`
	WithoutSecondFactor bool   `help:"Turn the second factor off too: phone and recovery codes are lost."`
}

func (c userReset) Run(ctx context.Context) error {
	var link app.UserLink
	in := app.ResetUser{Email: c.Email, URL: c.URL, WithoutSecondFactor: c.WithoutSecondFactor}
	if err := call(ctx, c.placeFlags, "POST", "/admin/users/reset", in, &link); err != nil {
		return err
	}
	fmt.Println(link.URL)
	fmt.Fprintln(os.Stderr, "Whoever has this link chooses a new password for "+c.Email+". It works once, within 24 hours.")
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
