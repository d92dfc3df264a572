package detect

// Phase is where a detector stands.
type Phase int8

// A detector is quiet until its evidence passes its limit. It grows each time the excess has doubled since it last spoke. It has
// recovered, once, when there is as much evidence for the usual against half of the trouble as one in 20 demands; then it is quiet.
const (
	Learning Phase = iota // too little is known for any alarm
	Quiet
	Alarm   // while it lasts; the first reading is the alarm itself
	Growing // one reading
	Recovered
)

// String names the phase.
func (p Phase) String() string {
	return [...]string{"learning", "quiet", "alarm", "growing", "recovered"}[p]
}

// recovery is the evidence for the usual at which a trouble is over.
const recovery = 20

// ending is the evidence for the usual from which on a trouble has rather ended than not.
const ending = 5

// accepted is after how many hours in an alarm the new level is the usual one.
const accepted = 14 * 24

// episode is the trouble that lasts.
type episode struct {
	On        bool
	Direction Direction
	Ratio     float64
	Onset     int64
	Start     int64   // when it was noticed
	Back      float64 // CUSUM for the usual
	End       int64   // when that began
	Excess    float64
	Told      float64 // excess when it last spoke
	Seen, Sum float64 // exposure and events since it was noticed, which teach a level that stays
	Evidence  float64 // highest
	Between   float64 // 1 where values came that are neither 0 nor 1: then it is of a mean, and ends by what is below too
	Lately    float64 // the mean of the last values, faded
	Last      float64 // how many these are, at most lately
}

func (e *episode) begin(at int64, d Direction, ratio float64, onset int64, excess, evidence float64) {
	*e = episode{On: true, Direction: d, Ratio: ratio, Onset: onset, Start: at, Back: 1, Excess: excess, Told: max(excess, 1), Evidence: evidence}
}

// ended is since when all is as usual again, where that is likelier than not, else 0. Of a mean what goes on looks so too, until its last values tell.
func (e *episode) ended() int64 {
	if e.Back < ending || e.On && e.Between == 1 {
		return 0
	}
	return e.End
}

// after takes the likelihood ratio of the usual against half of the trouble, of what came since a time, and says the phase.
func (e *episode) after(since int64, ratio, excess float64) Phase {
	if e.Back <= 1 {
		e.Back, e.End = 1, since
	}
	e.Back *= ratio
	e.Excess += excess
	if e.Back >= recovery {
		e.On = false
		return Recovered
	}
	if e.Excess >= 2*e.Told {
		e.Told = e.Excess
		return Growing
	}
	return Alarm
}
