// Command dhvani hears an online shop's customers: it collects their events,
// keeps them in one durable log, and answers who they are and what they feel.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // time zones, also where the machine has none

	"github.com/alecthomas/kong"

	"github.com/dhvani/dhvani/internal/db"
)

type commands struct {
	Serve     serveCommand     `cmd:"" help:"Run Dhvani."`
	Demo      demoCommand      `cmd:"" help:"Run Dhvani with a sample shop and simulated shoppers."`
	Workspace workspaceCommand `cmd:"" help:"Make and list workspaces, one for each shop."`
	Key       keyCommand       `cmd:"" help:"Make, list and revoke keys."`
	User      userCommand      `cmd:"" help:"Add members of staff."`
	Import    importCommand    `cmd:"" help:"Import history."`
	Replay    replayCommand    `cmd:"" help:"Make everything that is derived from events anew, while the system runs; or play the events as if they happened now."`
	Verify    verifyCommand    `cmd:"" help:"Check that the log, the stored events and what is derived from them are whole and agree. Ends with an error at the first difference."`
	Salvage   salvageCommand   `cmd:"" help:"Put a new log in the place of one that is damaged or lost, with what can be read of it."`
	Dead      deadCommand      `cmd:"" help:"See to events that could not be applied."`
	Shards    shardsCommand    `cmd:"" help:"Show who applies which part of the log, and how far."`
	Backup    backupCommand    `cmd:"" help:"Write everything into one file, also while Dhvani runs."`
	Restore   restoreCommand   `cmd:"" help:"Make an empty place from a backup."`
	Erasures  erasuresCommand  `cmd:"" help:"Keep the list of erased customers, whom a restore leaves out."`
	Analyze   analyzeCommand   `cmd:"" help:"Tell of texts, one a line, their language, sentiment, topics, intent and more, as JSON."`
	Evaluate  evaluateCommand  `cmd:"" help:"Run a model on a labelled file and print how well it does, as JSON."`
	Train     trainCommand     `cmd:"" help:"Train a model."`
	Bench     benchCommand     `cmd:"" help:"Measure a running Dhvani, or a part of it."`
	Version   versionCommand   `cmd:"" help:"Print the version."`
}

type versionCommand struct{}

func (versionCommand) Run() error {
	fmt.Println("dhvani", db.Version)
	return nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c commands
	k := kong.Parse(&c,
		kong.Name("dhvani"),
		kong.Description("Hear your shop's customers in real time, and act at once.\n\nEvery flag can also be given as an environment variable, DHVANI_ and its name; a flag wins."),
		kong.DefaultEnvars("DHVANI"),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.ShortUsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err := k.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "dhvani:", err)
		os.Exit(1)
	}
}
