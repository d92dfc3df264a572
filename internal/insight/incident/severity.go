package incident

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/insight"
)

// usualDay is what a shop is used to in a day.
type usualDay struct {
	orders float64
	money  map[string]float64 // by currency, in small letters as labels are
}

// usualDays is over how many whole days it is the mean.
const usualDays = 28

// readUsual reads the usual day from the signals of the last four weeks; a day
// before the first order does not count.
func readUsual(ctx context.Context, tx *db.Tx, workspace int64, now time.Time) (u usualDay, err error) {
	model, err := tx.Model(ctx, workspace)
	if err != nil {
		return u, err
	}
	u.money = map[string]float64{}
	days, err := insight.Days(ctx, tx, model, insight.Orders, now.AddDate(0, 0, -usualDays), now)
	if err != nil {
		return u, fmt.Errorf("read the usual day: %w", err)
	}
	n := float64(max(days.Days, 1))
	u.orders = float64(days.N) / n
	for currency, amount := range days.Amounts {
		u.money[currency] = float64(amount) / n
	}
	return u, nil
}

// The least that a shop's usual is taken for, so that a few customers of a small
// or new shop are not half of its world.
const (
	leastDay  = 20 // orders
	leastSpan = 10 // orders in the time since it began
)

// From which share on it is medium, high and critical: of a usual day's orders,
// people or money that are at stake so far, and of what usually comes in the time
// since it began.
var (
	steps     = [...]float64{0.01, 0.05, 0.25}
	stepsRate = [...]float64{0.03, 0.15, 0.5}
)

// severityOf says how much is at stake:
//
//	day  = the largest of  lost orders / usual orders of a day,
//	                       lost money  / usual money of a day, by currency,
//	                       customers hit who did not get through / usual orders of a day
//	rate = lost orders / orders that usually come in the time since it began (five minutes at least)
//
// From day 1 %, 5 %, 25 %, or rate 3 %, 15 %, 50 %, it is Medium, High, Critical;
// below it is Low. A usual day has at least 20 orders, the usual of the time since
// it began at least 10. So a way to pay that fails for a third of the buyers is
// high at once, and what goes on slowly becomes high when a twentieth of a day is
// at stake. Good news has no severity.
func severityOf(f *Finding, u usualDay, now time.Time) Severity {
	if f.Good {
		return NoSeverity
	}
	orders := max(u.orders, leastDay)
	day := max(f.Lost.Orders, float64(f.Hit-f.Back)) / orders
	for _, m := range f.Lost.Money {
		if usual := u.money[strings.ToLower(m.Currency)]; usual > 0 {
			usual *= orders / max(u.orders, 1) // the floor holds for money as for orders
			day = max(day, float64(m.Amount)/usual)
		}
	}
	since := max(now.Sub(time.UnixMicro(f.Since)), 5*time.Minute)
	rate := f.Lost.Orders / max(u.orders*since.Hours()/24, leastSpan)
	s := Low
	for i := range steps {
		if day >= steps[i] || rate >= stepsRate[i] {
			s = Medium + Severity(i)
		}
	}
	return s
}
