package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/dhvani/dhvani/internal/customer"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/order"
	"github.com/dhvani/dhvani/internal/roster"
	"github.com/dhvani/dhvani/internal/web"
	"github.com/dhvani/dhvani/internal/workspace"
)

const customersTag = "Customers"

func (s *server) customers() {
	get := func(path, id, summary string) huma.Operation {
		op := operation(http.MethodGet, path, id, summary, workspace.ScopeRead, customersTag)
		if strings.Contains(path, "{id}") {
			op.Errors = append(op.Errors, http.StatusNotFound)
		}
		return op
	}
	act := func(path, id, summary string) huma.Operation {
		op := operation(http.MethodPost, path, id, summary, workspace.ScopeWrite, customersTag)
		op.Errors = append(op.Errors, http.StatusNotFound, http.StatusConflict)
		return op
	}
	huma.Register(s.huma, get("/customers", "list-customers", "Customers by identifier, searched, filtered and sorted, or all of them by id"), s.listCustomers)
	huma.Register(s.huma, get("/customers/{id}", "get-customer", "One customer, by the id of any of their profiles"), s.getCustomer)
	huma.Register(s.huma, get("/customers/{id}/timeline", "customer-timeline", "What happened, newest first, across all channels"), s.timeline)
	huma.Register(s.huma, get("/customers/{id}/orders", "customer-orders", "A customer's orders, newest first"), s.customerOrders)
	huma.Register(s.huma, get("/merge-suggestions", "list-merge-suggestions", "Pairs of customers that may be the same person"), s.suggestions)
	huma.Register(s.huma, act("/customers/{id}/merge", "merge-customers", "Make two customers one"), s.merge)
	huma.Register(s.huma, act("/customers/{id}/refuse-merge", "refuse-merge", "Say that two customers are not the same; ends the suggestion"), s.refuseMerge)
	huma.Register(s.huma, act("/customers/{id}/unmerge", "unmerge-customer", "Undo a merge; each side gets back its identifiers, traits and timeline"), s.unmerge)
}

// customerAnswer is a customer with what other rooms know of them.
type customerAnswer struct {
	customer.Customer
	order.Summary
	Opinions feedback.Summary `json:"opinions"`
}

// complete adds orders and opinions.
func (s *server) complete(ctx context.Context, c customer.Customer) (out customerAnswer, err error) {
	out.Customer = c
	w := entry(ctx).Workspace
	if out.Summary, err = s.Orders.Summary(ctx, w, c.ProfileIDs); err == nil {
		out.Opinions, err = s.Feedback.Summary(ctx, w, c.ProfileIDs)
	}
	return out, err
}

type customerQuery struct {
	Identifier string `query:"identifier" maxLength:"600" doc:"kind:value, such as user_id:u1, email:a@example.com, phone:+919812345678 or instagram:handle." example:"user_id:u1"`
	Query      string `query:"q" maxLength:"200" doc:"Words that begin like those of names and other traits, the beginning of an e-mail address, phone number or handle, or an order number."`
	SeenFrom   string `query:"seen_from" format:"date-time" doc:"Last seen at this time or later, to five minutes."`
	SeenTo     string `query:"seen_to" format:"date-time" doc:"Last seen before this time, to five minutes."`
	OrdersMin  int64  `query:"orders_min" minimum:"0" doc:"At least so many orders."`
	OrdersMax  int64  `query:"orders_max" minimum:"-1" default:"-1" doc:"At most so many orders; -1 for no bound."`
	SpendMin   string `query:"spend_min" maxLength:"30" doc:"Spent at least this, in the currency of most of their orders."`
	SpendMax   string `query:"spend_max" maxLength:"30" doc:"Spent at most this."`
	Rating     string `query:"rating" enum:"good,neutral,bad,none" doc:"How the last rating sounds."`
	Channel    string `query:"channel" enum:"survey,review,chat,social,email,store" doc:"Said something on this channel."`
	Sort       string `query:"sort" enum:"last_seen,first_seen,name,orders,spend,rating,-last_seen,-first_seen,-name,-orders,-spend,-rating" doc:"Column to sort by, with - the largest first. A cursor is good for one sort and one filter."`
	Page
}

// filtered reports whether the list is searched, filtered or sorted.
func (q *customerQuery) filtered() bool {
	return q.Query+q.SeenFrom+q.SeenTo+q.SpendMin+q.SpendMax+q.Rating+q.Channel+q.Sort != "" || q.OrdersMin > 0 || q.OrdersMax >= 0
}

// filter reads the query for the roster.
func (q *customerQuery) filter() (f roster.Filter, err error) {
	f = roster.Filter{Query: q.Query, OrdersMin: q.OrdersMin, Mood: q.Rating, Channel: q.Channel, Cursor: q.Cursor, Limit: q.Limit}
	by, down := strings.CutPrefix(q.Sort, "-")
	f.Sort, f.Ascending = roster.Sort(by), !down && by != ""
	switch q.OrdersMax {
	case -1:
	case 0:
		f.OrdersMax = -1 // none at all
	default:
		f.OrdersMax = q.OrdersMax
	}
	for _, t := range []struct {
		text string
		to   *int64
	}{{q.SeenFrom, &f.SeenFrom}, {q.SeenTo, &f.SeenTo}} {
		if t.text == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339, t.text)
		if err != nil {
			return f, web.NewProblem(http.StatusUnprocessableEntity, "seen_from and seen_to must be times like 2026-07-14T00:00:00Z")
		}
		*t.to = at.UnixMicro()
	}
	for _, a := range []struct {
		text string
		to   *int64
	}{{q.SpendMin, &f.SpendMin}, {q.SpendMax, &f.SpendMax}} {
		if a.text == "" {
			continue
		}
		m, ok := event.ParseMillionths(a.text)
		if !ok {
			return f, web.NewProblem(http.StatusUnprocessableEntity, "spend_min and spend_max must be numbers")
		}
		*a.to = int64(m)
	}
	return f, nil
}

// search lists customers as the roster finds them.
func (s *server) search(ctx context.Context, in *customerQuery) (list customer.Page, err error) {
	f, err := in.filter()
	if err != nil {
		return list, err
	}
	w := entry(ctx).Workspace
	found, err := roster.Store{DB: s.Customers.DB}.List(ctx, w, f)
	if errors.Is(err, roster.ErrInvalid) {
		return list, web.NewProblem(http.StatusUnprocessableEntity, "the cursor is not one of a list with this sort")
	}
	if err != nil {
		return list, err
	}
	ids := make([]event.ID, len(found.Rows))
	for i := range found.Rows {
		ids[i] = found.Rows[i].ID
	}
	list.Next = found.Next
	list.Items, err = s.Customers.ByIDs(ctx, w, ids)
	return list, err
}

type customerList struct {
	Customers []customerAnswer `json:"customers"`
	Next      string           `json:"next,omitempty" doc:"Cursor of the next page; absent on the last."`
}

func (s *server) listCustomers(ctx context.Context, in *customerQuery) (*body[customerList], error) {
	var list customer.Page
	var err error
	if in.Identifier != "" {
		kind, value, ok := strings.Cut(in.Identifier, ":")
		if !ok || value == "" {
			return nil, s.fail(ctx, web.NewProblem(http.StatusUnprocessableEntity, "identifier must be kind:value, such as user_id:u1"))
		}
		list.Items, err = s.Customers.Find(ctx, entry(ctx).Workspace, kind, value)
	} else if in.filtered() {
		list, err = s.search(ctx, in)
	} else {
		list, err = s.Customers.List(ctx, entry(ctx).Workspace, in.Cursor, in.Limit)
	}
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	out := customerList{Customers: []customerAnswer{}, Next: list.Next}
	for _, c := range list.Items {
		full, err := s.complete(ctx, c)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		out.Customers = append(out.Customers, full)
	}
	return &body[customerList]{out}, nil
}

// CustomerPath is the path of what belongs to one customer. Like Page and During it is
// exported so that huma can fill it in where it is embedded.
type CustomerPath struct {
	ID string `path:"id" minLength:"36" maxLength:"36" doc:"The customer's id, or that of any of their profiles."`
}

// id reads the path's id; one that is not an id names nobody.
func (c CustomerPath) id() (event.ID, error) {
	id, err := event.ParseID(c.ID)
	if err != nil {
		return id, customer.ErrNotFound
	}
	return id, nil
}

func (s *server) getCustomer(ctx context.Context, in *CustomerPath) (*body[customerAnswer], error) {
	id, err := in.id()
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	return s.customer(ctx, id)
}

func (s *server) customer(ctx context.Context, id event.ID) (*body[customerAnswer], error) {
	c, err := s.Customers.Get(ctx, entry(ctx).Workspace, id)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	out, err := s.complete(ctx, c)
	return &body[customerAnswer]{out}, s.fail(ctx, err)
}

type timelineQuery struct {
	CustomerPath
	Page
	Kind    string `query:"kind" maxLength:"50" doc:"Only items of this kind, such as order or review."`
	Channel string `query:"channel" maxLength:"50" doc:"Only items of this channel, such as web, email or store."`
}

func (s *server) timeline(ctx context.Context, in *timelineQuery) (*body[customer.Timeline], error) {
	id, err := in.id()
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	t, err := s.Customers.Timeline(ctx, entry(ctx).Workspace, id, in.Cursor, in.Limit, customer.TimelineFilter{Kind: in.Kind, Channel: in.Channel})
	return &body[customer.Timeline]{t}, s.fail(ctx, err)
}

type orderQuery struct {
	CustomerPath
	Page
}

type orderList struct {
	Items []order.Order `json:"items"`
	Next  string        `json:"next,omitempty" doc:"Cursor of the next page; absent on the last."`
}

func (s *server) customerOrders(ctx context.Context, in *orderQuery) (*body[orderList], error) {
	id, err := in.id()
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	profiles, err := s.Customers.ProfileIDs(ctx, entry(ctx).Workspace, id)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	items, next, err := s.Orders.List(ctx, entry(ctx).Workspace, profiles, in.Cursor, in.Limit)
	return &body[orderList]{orderList{append([]order.Order{}, items...), next}}, s.fail(ctx, err)
}

func (s *server) suggestions(ctx context.Context, in *Page) (*body[customer.Suggestions], error) {
	list, err := s.Customers.Suggestions(ctx, entry(ctx).Workspace, event.ID{}, in.Cursor, in.Limit)
	return &body[customer.Suggestions]{list}, s.fail(ctx, err)
}

type otherCustomer struct {
	CustomerPath
	Body struct {
		Customer string `json:"customer" minLength:"36" maxLength:"36" doc:"The other customer's id."`
	}
}

// pair makes the staff event of a decision about two customers.
type pair func(ctx context.Context, workspace int64, a, b event.ID, by string, at int64) (event.Event, error)

func (s *server) merge(ctx context.Context, in *otherCustomer) (*body[customerAnswer], error) {
	return s.decide(ctx, in, s.Customers.Merge)
}

func (s *server) refuseMerge(ctx context.Context, in *otherCustomer) (*body[customerAnswer], error) {
	return s.decide(ctx, in, s.Customers.Refuse)
}

func (s *server) decide(ctx context.Context, in *otherCustomer, make pair) (*body[customerAnswer], error) {
	a, err := in.id()
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	b, err := event.ParseID(in.Body.Customer)
	if err != nil {
		return nil, s.fail(ctx, customer.ErrNotFound)
	}
	e, err := make(ctx, entry(ctx).Workspace, a, b, entry(ctx).KeyID, time.Now().UnixMicro())
	return s.act(ctx, a, e, err)
}

// act appends a staff event and answers with the customer as it is then.
func (s *server) act(ctx context.Context, id event.ID, e event.Event, err error) (*body[customerAnswer], error) {
	if err == nil {
		err = s.Pipeline.Act(ctx, e)
	}
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	return s.customer(ctx, id)
}

type unmergeQuery struct {
	CustomerPath
	Body *struct {
		ID string `json:"id,omitempty" maxLength:"36" doc:"Of the merge to undo, or of the profile to take out; without it the newest merge of two known customers, else the newest anonymous visitor."`
	} `required:"false"`
}

func (s *server) unmerge(ctx context.Context, in *unmergeQuery) (*body[customerAnswer], error) {
	id, err := in.id()
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	var target event.ID
	if in.Body != nil && in.Body.ID != "" {
		if target, err = event.ParseID(in.Body.ID); err != nil {
			return nil, s.fail(ctx, customer.ErrNotFound)
		}
	}
	e, err := s.Customers.Unmerge(ctx, entry(ctx).Workspace, id, target, entry(ctx).KeyID, time.Now().UnixMicro())
	return s.act(ctx, id, e, err)
}
