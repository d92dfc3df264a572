package detect

import "math"

// Baseline is what is usual: events for each unit of exposure (an hour, or an attempt), by hour of the week.
//
// It is a product of three Gamma-Poisson posteriors, each shrunk to the one before: the level, the hour of the day against it, and the hour of the week
// against that. A young or small shop so goes by its level, and a cell gets a say as it fills (the usual conjugate model; Gelman
// and others, Bayesian Data Analysis, 2013, section 2.6). All sums fade, so the baseline follows growth: the level with a
// half-life of three weeks, and what a faster one of one week says beyond it is followed too.
type Baseline struct {
	Hours     float64 // learnt, not faded
	Flat      float64 // how many times stronger the shrinkage is than for counts: shares hardly have seasons
	Seen, Sum float64 // exposure times shape, events
	Fast      [2]float64
	Pace      [2]float64 // exposure and hours, faded
	Lately    [2]float64 // events of some 33 hours, and how many were expected
	Day       [24]cell
	Week      [168]cell
	Days      [2]float64 // as Noise, between days
	Noise     [2]float64 // sums over hours of (O-E)^2 - E and of E^2: the variance of the rate beyond Poisson, relative to it
}

type cell struct{ O, E float32 } // events, and how many the level above expected

const (
	fade     = 0.99862586     // of the level in an hour: 2^(-1/504)
	fadeFast = 0.99588262     // 2^(-1/168)
	dayFade  = 0.97           // of an hour of the day, each day
	weekFade = 0.90           // of an hour of the week, each week
	dayPrior = 6.0            // expected events that a cell's prior counts for
	wkPrior  = 20.0           // likewise
	loose    = 20.0           // times less the prior counts of an hour of the week that is not as its day
	unlike   = 0.02           // how many hours are so
	noise0   = 0.12 * 0.12    // relative variance of the rate before anything is known
	noiseN   = 5000.0         // what that counts for, in squared expected events: with as many, chance alone makes a deviation of 0.02 of what is measured
	noiseMin = 0.03 * 0.03    // no rate is steadier than that
	plainAt  = 15.0           // see plain
	young    = float64(4 * 7) // days until the hours of the week are known
)

// shape is how an hour of the week goes against the level.
func (b *Baseline) shape(h int) float64 {
	d, w := b.Day[h%24], b.Week[h]
	k := 1 + b.Flat
	return d.ratio(k*dayPrior) * w.mixed(k*wkPrior)
}

// level is events for each unit of exposure, without shape.
func (b *Baseline) level() float64 {
	if b.Seen <= 0 {
		return 0
	}
	slow := (b.Sum + 0.5) / b.Seen
	if b.Fast[0] <= 0 || b.Sum < 200 {
		return slow
	}
	// Growth: the fast level is two weeks younger on average; half of what it says, as far as it is known.
	fast := (b.Fast[1] + 0.5) / b.Fast[0]
	return slow * math.Pow(clamp(fast/slow, 0.8, 1.25), b.Fast[1]/(b.Fast[1]+400))
}

// Rate is the usual number of events for each unit of exposure in an hour.
func (b *Baseline) Rate(m Moment) float64 {
	h := m.Hour
	if m.Holiday {
		h = 144 + h%24 // as on a Sunday
	}
	return b.level() * b.shape(h)
}

// spread is how wide the band is to each side, in the logarithm of the rate: what is not known of the level, how much an hour or a day varies beyond chance, and
// what nobody can know yet of seasons in a young shop; of these deviations so many. People see it as usual, and pools and the ends of troubles of means go by it.
func (b *Baseline) spread(m Moment, known, noise float64) float64 {
	p := 1.0
	if b.Flat > 0 { // of a count hours and days vary alike, and crowds that stay for some hours must be over in time
		p = b.plain()
	}
	v := known*known/(b.Sum+1) + noise*noise*max(b.noise(), p*p*b.daily())
	days := b.Hours / 24
	if days < young {
		v += noise * noise * math.Pow(0.5*(1-days/young), 2)
	}
	if m.Holiday {
		v += noise * noise * 0.4 * 0.4
	}
	return math.Sqrt(v)
}

// plain is how many times as many deviations of days the band holds, 1 to 2, by how plainly a single day shows them. Where few
// events come chance hides what days differ by, and evidence for a day that is beyond the band hardly gathers. Where thousands do, each day
// beyond it would be an alarm: so the band must hold all but one day in thousands.
func (b *Baseline) plain() float64 {
	x := b.noise() * b.level() * b.pace() * 24 // variance of a day: beyond chance, against chance
	return 1 + x*x/(x*x+plainAt*plainAt)
}

// noise is the variance of the rate beyond chance, relative to it: of hours or of days, whichever is more. Days tell where hours have few events.
func (b *Baseline) noise() float64 { return max(b.least(), b.hourly(), b.daily()) }

// hourly is that of hours alone.
func (b *Baseline) hourly() float64 { return b.beyond(b.Noise) }

// daily is that of days alone.
func (b *Baseline) daily() float64 { return b.beyond(b.Days) }

func (b *Baseline) beyond(sums [2]float64) float64 {
	q := b.rest()
	return (sums[0] + noise0*q*q*noiseN) / (sums[1] + noiseN)
}

func (b *Baseline) least() float64 { q := b.rest(); return noiseMin * q * q }

// rest is what a usual share lacks to 1, and 1 for a count. Deviations are thought of as those of odds: they are this much smaller relative to a share, and chance is so too.
func (b *Baseline) rest() float64 {
	if b.Flat == 0 {
		return 1
	}
	return 1 - clamp(b.level(), 0, 0.98)
}

// learnDay takes a whole usual day.
func (b *Baseline) learnDay(observed, expected float64) {
	if b.Hours < 168 || expected <= 0 {
		return
	}
	d := clamp(observed-expected, -expected, expected)
	b.Days[0], b.Days[1] = b.Days[0]*0.98+d*d-b.rest()*expected, b.Days[1]*0.98+expected*expected
}

// ready says that there is enough to compare with: three days and some events or, for a share, attempts.
func (b *Baseline) ready() bool { return b.Hours >= 72 && (b.Sum >= 8 || b.Seen >= 100) }

// pace is the usual exposure in an hour.
func (b *Baseline) pace() float64 {
	if b.Pace[1] <= 0 {
		return 1
	}
	return b.Pace[0] / b.Pace[1]
}

// learn takes one whole hour. What lies more than four deviations away teaches only so much: past troubles nobody
// noticed must not become usual. What comes at this hour of each week, such as the crowd of a sale, may teach its hour twice as much.
func (b *Baseline) learn(h int, exposure, observed float64) {
	b.Hours++
	b.Pace[0], b.Pace[1] = b.Pace[0]*fade+exposure, b.Pace[1]*fade+1
	if exposure <= 0 {
		return
	}
	level, shape := b.level(), b.shape(h)
	e := level * shape * exposure
	weekly := observed
	if b.Hours > 24 {
		sd := math.Sqrt(e + e*e*b.noise() + 1)
		if b.Hours < 168 {
			sd += e // seasons are not known yet
		}
		weekly = clamp(observed, e-8*sd, e+8*sd)
		observed = clamp(observed, e-4*sd, e+4*sd)
		if d := observed - e; b.Hours >= 168 {
			b.Noise[0], b.Noise[1] = b.Noise[0]*fade+d*d-b.rest()*e, b.Noise[1]*fade+e*e
		}
	}
	b.Sum, b.Seen = b.Sum*fade+observed, b.Seen*fade+exposure*shape
	b.Fast[1], b.Fast[0] = b.Fast[1]*fadeFast+observed, b.Fast[0]*fadeFast+exposure*shape
	if b.Hours <= 24 {
		return // a first day has no shape, only a level
	}
	// The shape is that of the days as they are: a level that has moved, and is followed slowly, must not become a shape.
	now := level * exposure * (b.Lately[0] + wkPrior) / (b.Lately[1] + wkPrior)
	b.Lately[0], b.Lately[1] = b.Lately[0]*0.97+observed, b.Lately[1]*0.97+e
	d := &b.Day[h%24]
	d.add(dayFade, observed, now)
	b.Week[h].add(weekFade, weekly, now*d.ratio((1+b.Flat)*dayPrior))
}

// nudge takes an hour that was trouble. It teaches its hour of the week a little, so that what comes every week at this hour is usual in the end.
func (b *Baseline) nudge(h int, exposure, observed float64) {
	if e := b.level() * b.shape(h) * exposure; e > 0 && b.Hours > 24 {
		b.Week[h].add(1-(1-weekFade)/2, 0.5*clamp(observed, e/1.6, 1.6*e), 0.5*e/b.Week[h].mixed((1+b.Flat)*wkPrior))
	}
}

// ratio is events against those expected, shrunk to 1.
func (c cell) ratio(prior float64) float64 { return (prior + float64(c.O)) / (prior + float64(c.E)) }

// mixed is that under either of two priors, by how likely each makes what was seen: most hours of the week are as the day is, but those of a weekly sale are not at all.
func (c cell) mixed(prior float64) float64 {
	near, far := c.ratio(prior), c.ratio(prior/loose)
	w := math.Exp(clamp(c.likely(prior)-c.likely(prior/loose), -500, 500)) * (1 - unlike) / unlike
	return far + (near-far)*w/(1+w)
}

// likely is the logarithm of how likely a prior makes the events.
func (c cell) likely(prior float64) float64 {
	o, e := float64(c.O), float64(c.E)
	return rise(prior, o) + prior*math.Log(prior) - (prior+o)*math.Log(prior+e)
}

func (c *cell) add(fade float32, o, e float64) {
	c.O, c.E = c.O*fade+float32(o), c.E*fade+float32(e)
}

// rebase takes a level that stayed as the usual one; the shape is kept.
func (b *Baseline) rebase(seen, sum float64) {
	if seen <= 0 {
		return
	}
	to := (sum + 0.5) / seen
	if from := b.level(); from > 0 {
		k := min(1, 50/max(b.Sum, 1)) // what was known before counts for at most 50 events
		b.Seen *= k
		b.Sum = b.Seen * to
		b.Fast = [2]float64{b.Seen / 3, b.Sum / 3}
	}
	b.Seen, b.Sum = b.Seen+seen, b.Sum+sum
}

func clamp(x, low, high float64) float64 { return max(low, min(high, x)) }
