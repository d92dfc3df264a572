package deliver

import (
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// domains hold, for each domain of receivers, how much it gets. Mails that are
// one of many have a limit of their own, so that the others do not wait for them.
type domains map[domainKey]*domain

type domainKey struct {
	name string
	bulk bool
}

type domain struct {
	limiter *rate.Limiter
	next    time.Time // the first time that is not promised to a mail that was put off
}

// maxDomains bounds the memory.
const maxDomains = 10_000

// later returns the zero time where a mail to a receiver may go now, or when it
// may: each that is put off gets a time of its own, so that a hundred thousand to
// one domain are put off once and not asked about again and again.
func (ds domains) later(now time.Time, receiver string, bulk bool, perSecond float64) time.Time {
	_, name, _ := strings.Cut(receiver, "@")
	k := domainKey{strings.ToLower(name), bulk}
	d := ds[k]
	if d == nil {
		if len(ds) >= maxDomains {
			ds.tidy(now)
		}
		d = &domain{limiter: rate.NewLimiter(rate.Limit(perSecond), burst(perSecond))}
		ds[k] = d
	}
	d.limiter.SetLimitAt(now, rate.Limit(perSecond))
	d.limiter.SetBurstAt(now, burst(perSecond))
	if d.limiter.AllowN(now, 1) {
		return time.Time{}
	}
	gap := time.Duration(float64(time.Second) / perSecond)
	if d.next.Before(now) {
		d.next = now
	}
	d.next = d.next.Add(gap)
	return d.next
}

// tidy forgets the domains to which nothing is promised; where that are too few,
// all of them.
func (ds domains) tidy(now time.Time) {
	for k, d := range ds {
		if d.next.Before(now) {
			delete(ds, k)
		}
	}
	if len(ds) >= maxDomains {
		clear(ds)
	}
}

// QuietUntil returns when the quiet hours end in which a receiver is now, or the
// zero time. from and to are minutes of the day; a zone that is not known is UTC.
func QuietUntil(now time.Time, zone string, from, to int) time.Time {
	if from == to {
		return time.Time{}
	}
	place, err := time.LoadLocation(zone)
	if err != nil {
		place = time.UTC
	}
	end := now
	for range 3 { // where the clock is put back meanwhile, there is more of the night than it says
		local := end.In(place)
		minute := local.Hour()*60 + local.Minute()
		quiet := from <= minute && minute < to
		if from > to { // over midnight
			quiet = minute >= from || minute < to
		}
		if !quiet {
			break
		}
		left := (to - minute + dayMinutes) % dayMinutes
		end = end.Truncate(time.Minute).Add(time.Duration(left) * time.Minute)
	}
	if end.Equal(now) {
		return time.Time{}
	}
	return end
}
