package cause

import (
	"slices"
	"testing"
)

// Three of eight regions go wrong; carriers, by which they differ a little, do not.
func TestSeveral(t *testing.T) {
	table := Table{Dims: []string{"carrier", "region"}}
	for i, region := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		for k, carrier := range []string{"x", "y"} {
			g := Group{Values: []string{carrier, region}, N: 12, Bad: 2, WasN: 200, WasBad: 40}
			if i < 3 {
				g.Bad = float64(7 + k)
			}
			table.Groups = append(table.Groups, g)
		}
	}
	c, ok := Several(table)
	want := []Pair{{"region", "a"}, {"region", "b"}, {"region", "c"}}
	if !ok || !slices.Equal(c.Pairs, want) || c.Explains < 0.9 {
		t.Errorf("found %v, %+v", ok, c)
	}
}

func TestSeveralWhereAllGoWrong(t *testing.T) {
	table := Table{Dims: []string{"region"}}
	for _, region := range []string{"a", "b", "c", "d"} {
		table.Groups = append(table.Groups, Group{Values: []string{region}, N: 20, Bad: 12, WasN: 200, WasBad: 40})
	}
	if c, ok := Several(table); ok {
		t.Errorf("found %+v where all are alike", c)
	}
	for i := range table.Groups {
		table.Groups[i].Bad = 4
	}
	if c, ok := Several(table); ok {
		t.Errorf("found %+v where nothing is wrong", c)
	}
}
