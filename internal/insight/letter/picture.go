package letter

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
)

// Pictures of mails are PNG, which every program for mail shows, at twice the size
// they are shown in, on no ground: their colours are read on white and on black.
const (
	barWidth, barHeight   = 1120, 32
	lineWidth, lineHeight = 1120, 120
)

var (
	track  = color.NRGBA{0x8a, 0x8f, 0xa3, 0x50}
	before = color.NRGBA{0x8a, 0x8f, 0xa3, 0x90}
	blue   = color.NRGBA{0x4f, 0x7c, 0xd6, 0xff}
	soft   = color.NRGBA{0x4f, 0x7c, 0xd6, 0x59}
	madder = color.NRGBA{0xd6, 0x3f, 0x5f, 0xff}
	faded  = color.NRGBA{0xd6, 0x3f, 0x5f, 0x66}
)

// canvas draws shapes with soft edges: how much of a pixel a shape covers is told by
// the distance of the pixel's middle from the shape's edge.
type canvas struct{ *image.NRGBA }

func newCanvas(width, height int) canvas {
	return canvas{image.NewNRGBA(image.Rect(0, 0, width, height))}
}

// capsule draws a line with round ends, r to each side: a dot where both ends are one.
func (c canvas) capsule(x0, y0, x1, y1, r float64, ink color.NRGBA) {
	dx, dy := x1-x0, y1-y0
	long := dx*dx + dy*dy
	area := image.Rect(int(min(x0, x1)-r-1), int(min(y0, y1)-r-1), int(max(x0, x1)+r+2), int(max(y0, y1)+r+2)).Intersect(c.Bounds())
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			px, py := float64(x)+.5-x0, float64(y)+.5-y0
			along := 0.0
			if long > 0 {
				along = min(max((px*dx+py*dy)/long, 0), 1)
			}
			c.cover(x, y, r-math.Hypot(px-along*dx, py-along*dy)+.5, ink)
		}
	}
}

// column draws a strip of a pixel's width.
func (c canvas) column(x int, top, bottom float64, ink color.NRGBA) {
	for y := max(int(top), 0); y < min(int(math.Ceil(bottom)), c.Bounds().Dy()); y++ {
		c.cover(x, y, min(float64(y+1), bottom)-max(float64(y), top), ink)
	}
}

// cover lays ink over a pixel, of which a part is covered.
func (c canvas) cover(x, y int, part float64, ink color.NRGBA) {
	a := float64(ink.A) / 255 * min(max(part, 0), 1)
	if a <= 0 {
		return
	}
	at := c.NRGBAAt(x, y)
	under := float64(at.A) / 255 * (1 - a)
	sum := a + under
	mix := func(top, below uint8) uint8 { return uint8(math.Round((float64(top)*a + float64(below)*under) / sum)) }
	c.SetNRGBA(x, y, color.NRGBA{mix(ink.R, at.R), mix(ink.G, at.G), mix(ink.B, at.B), uint8(math.Round(255 * sum))})
}

func (c canvas) png() ([]byte, error) {
	var b bytes.Buffer
	e := png.Encoder{CompressionLevel: png.BestCompression}
	if err := e.Encode(&b, c.NRGBA); err != nil {
		return nil, fmt.Errorf("draw a picture: %w", err)
	}
	return b.Bytes(), nil
}

// bar draws an estimate as a dot on its interval, that of the week before in grey.
func (f *Figure) bar() ([]byte, error) {
	c := newCanvas(barWidth, barHeight)
	const edge, mid = 12.0, barHeight / 2
	at := func(v float64) float64 {
		if !(f.Max > f.Min) {
			return edge
		}
		return edge + (barWidth-2*edge)*min(max((v-f.Min)/(f.Max-f.Min), 0), 1)
	}
	ink, light := blue, soft
	if f.Bad {
		ink, light = madder, faded
	}
	c.capsule(edge, mid, barWidth-edge, mid, 2, track)
	if f.Known {
		c.capsule(at(f.LastLow), mid, at(f.LastTop), mid, 11, before)
	}
	c.capsule(at(f.Low), mid, at(f.High), mid, 6, light)
	c.capsule(at(f.Value), mid, at(f.Value), mid, 9, ink)
	return c.png()
}

// graph draws a figure over the weeks, its intervals as a band.
func (l *Line) graph() ([]byte, error) {
	c := newCanvas(lineWidth, lineHeight)
	low, high := math.Inf(1), math.Inf(-1)
	for i, v := range l.Values {
		for _, y := range []float64{v, l.Low[i], l.High[i]} {
			if !math.IsNaN(y) {
				low, high = min(low, y), max(high, y)
			}
		}
	}
	const edge = 14.0
	x := func(i int) float64 { return edge + (lineWidth-2*edge)*float64(i)/float64(max(len(l.Values)-1, 1)) }
	y := func(v float64) float64 {
		if !(high > low) {
			return lineHeight / 2
		}
		return edge + (lineHeight-2*edge)*(high-v)/(high-low)
	}
	known := func(i int) bool { return i >= 0 && i < len(l.Values) && !math.IsNaN(l.Values[i]) }
	band := func(i int) bool { return known(i) && !math.IsNaN(l.Low[i]) && !math.IsNaN(l.High[i]) }
	for i := 1; i < len(l.Values); i++ {
		if !band(i) || !band(i-1) {
			continue
		}
		for px := int(x(i - 1)); px < int(x(i)); px++ {
			t := (float64(px) + .5 - x(i-1)) / (x(i) - x(i-1))
			between := func(v []float64) float64 { return y(v[i-1]) + t*(y(v[i])-y(v[i-1])) }
			c.column(px, between(l.High), between(l.Low), track)
		}
	}
	for i := 1; i < len(l.Values); i++ {
		if known(i) && known(i-1) {
			c.capsule(x(i-1), y(l.Values[i-1]), x(i), y(l.Values[i]), 2, blue)
		}
	}
	for i := range l.Values {
		if !known(i) {
			continue
		}
		r := 4.0
		if i == len(l.Values)-1 {
			r = 8
		}
		c.capsule(x(i), y(l.Values[i]), x(i), y(l.Values[i]), r, blue)
	}
	return c.png()
}
