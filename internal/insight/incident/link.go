package incident

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/staff"
)

// ErrLink says that a link from a message is over, or was never given.
var ErrLink = errors.New("this link is not valid any more")

// linkHolds is how long a link in a message can be used.
const linkHolds = 7 * 24 * time.Hour

// linkOwner names what links are sealed for, so that nothing else that the seal key
// sealed opens as one.
const linkOwner = "link to acknowledge an incident"

// AcknowledgePath is where the page of a link stands, before its token. The page
// asks, and acknowledges by POST: programs that look through mails follow links.
const AcknowledgePath = "/acknowledge/"

// linkTo seals who may acknowledge which Insight until when. Sealing is authenticated
// encryption, so nobody makes one or changes it.
func (s *Store) linkTo(in *Insight, destination string) (string, error) {
	text := strings.Join([]string{strconv.FormatInt(in.Workspace, 10), in.ID, destination, strconv.FormatInt(s.now().Add(linkHolds).Unix(), 10)}, " ")
	sealed, err := s.Sealer.Seal(linkOwner, text)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(sealed), nil
}

// Link is what a link from a message opens.
type Link struct {
	Insight         *Insight
	Destination     string // id
	DestinationName string
}

func (s *Store) openLink(ctx context.Context, tx *db.Tx, token string) (l Link, err error) {
	sealed, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(token) > 1000 || s.Sealer == nil {
		return l, ErrLink
	}
	text, err := s.Sealer.Open(linkOwner, sealed)
	if err != nil {
		return l, ErrLink
	}
	part := strings.Split(text, " ")
	if len(part) != 4 {
		return l, ErrLink
	}
	number, err1 := strconv.ParseInt(part[0], 10, 64)
	until, err2 := strconv.ParseInt(part[3], 10, 64)
	if err1 != nil || err2 != nil || s.now().Unix() >= until {
		return l, ErrLink
	}
	found, err := deliver.Find(ctx, tx, number, part[2])
	if err != nil {
		return l, err
	}
	if len(found) == 0 { // who is no longer told no longer answers
		return l, ErrLink
	}
	l.Destination, l.DestinationName = found[0].ID, found[0].Name
	if l.Insight, err = read(ctx, tx, number, part[1], false); errors.Is(err, ErrNotFound) {
		err = ErrLink
	}
	return l, err
}

// OpenLink shows what a link from a message is about. The error is ErrLink where it
// is over.
func (s *Store) OpenLink(ctx context.Context, token string) (l Link, err error) {
	err = s.DB.View(ctx, func(tx *db.Tx) (err error) {
		l, err = s.openLink(ctx, tx, token)
		return err
	})
	return l, err
}

// AcknowledgeByLink acknowledges in the name of the destination that the link was
// sent to. Doing so twice is no error; ErrState where it is closed.
func (s *Store) AcknowledgeByLink(ctx context.Context, token string) (in *Insight, err error) {
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		l, err := s.openLink(ctx, tx, token)
		if err != nil {
			return err
		}
		in = l.Insight
		if err := again(ctx, tx, in); err != nil {
			return err
		}
		if err := s.acknowledge(in, l.Destination); err == errNothing {
			return nil
		} else if err != nil {
			return err
		}
		if err := s.save(ctx, tx, in, true, WasAcknowledged, "", Detail{Destination: l.DestinationName}); err != nil {
			return err
		}
		return staff.Record(ctx, tx, staff.Actor{Account: l.Destination, Workspace: in.Workspace}, "incident.acknowledged", in.ID, "")
	})
	if err != nil {
		return nil, fmt.Errorf("acknowledge by a link: %w", err)
	}
	return in, nil
}
