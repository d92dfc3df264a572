package language

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
)

// table holds what linear models have learnt: for each bucket of features and each
// class a weight, in a byte. The classes of several tasks stand side by side, so
// that one look into memory serves them all. The score of a class is the sum over
// the features of a text, times the scale, over the square root of their number,
// and the bias.
type table struct {
	bits    int    // of a hash that tell the bucket
	columns int    // a multiple of eight, at most maxColumns
	weights []byte // bucket by column; 128 is 0
	scale   []float32
	bias    []float32
}

const maxColumns = 48

func newTable(bits, columns int) table {
	return table{bits, columns, bytes.Repeat([]byte{128}, columns<<bits), make([]float32, columns), make([]float32, columns)}
}

// sums adds up the weights of some features. It takes eight columns at once: each
// byte has 16 bits to grow in, which is enough for 257 features.
func (t *table) sums(features []feature, out *[maxColumns]int32) {
	*out = [maxColumns]int32{}
	words := t.columns / 8
	for len(features) > 0 {
		part := features[:min(len(features), 256)]
		features = features[len(part):]
		var even, odd [maxColumns / 8]uint64
		for i := range part {
			at := int(part[i].hash>>(32-t.bits)) * t.columns
			row := t.weights[at : at+t.columns]
			for j := range words {
				w := binary.LittleEndian.Uint64(row[j*8:])
				even[j] += w & 0x00ff00ff00ff00ff
				odd[j] += w >> 8 & 0x00ff00ff00ff00ff
			}
		}
		none := 128 * int32(len(part))
		for j := range words {
			for k := range 4 {
				out[j*8+k*2] += int32(even[j]>>(16*k)&0xffff) - none
				out[j*8+k*2+1] += int32(odd[j]>>(16*k)&0xffff) - none
			}
		}
	}
}

// score is the score of a class, of the sum of n features.
func (t *table) score(sum int32, column int, n float64) float64 {
	return float64(sum)*float64(t.scale[column])*n + float64(t.bias[column])
}

// damp is the factor for a number of features.
func damp(features int) float64 { return 1 / math.Sqrt(float64(features+1)) }

// set takes over the weights of the columns from one on, as bytes around 128. A few
// large weights are cut, so that the many small ones are told apart.
func (t *table) set(from int, l Linear) {
	for c, weights := range l.Weights {
		scale := scaleOf(weights)
		t.scale[from+c], t.bias[from+c] = scale, l.Bias[c]
		for bucket, w := range weights {
			t.weights[bucket*t.columns+from+c] = byte(128 + int(inSteps(w, scale)))
		}
	}
}

// scaleOf is what one step of a byte stands for: it goes up to eight times the
// usual size of a weight.
func scaleOf(weights []float32) float32 {
	squares, n := 0.0, 0
	for _, w := range weights {
		if w != 0 {
			squares += float64(w) * float64(w)
			n++
		}
	}
	if n == 0 {
		return 1
	}
	return float32(8 * math.Sqrt(squares/float64(n)) / 127)
}

// inSteps is a weight in steps of a scale, cut to a byte.
func inSteps(w, scale float32) int8 { return int8(max(-127, min(127, math.Round(float64(w/scale))))) }

// write and read keep a table column by column, which compresses better.
func (t *table) write(w io.Writer) error {
	for _, part := range [][]float32{t.scale, t.bias} {
		if err := binary.Write(w, binary.LittleEndian, part); err != nil {
			return err
		}
	}
	column := make([]byte, 1<<t.bits)
	for c := range t.columns {
		for i := range column {
			column[i] = t.weights[i*t.columns+c]
		}
		if _, err := w.Write(column); err != nil {
			return err
		}
	}
	return nil
}

func (t *table) read(r io.Reader) error {
	for _, part := range [][]float32{t.scale, t.bias} {
		if err := binary.Read(r, binary.LittleEndian, part); err != nil {
			return err
		}
	}
	column := make([]byte, 1<<t.bits)
	for c := range t.columns {
		if _, err := io.ReadFull(r, column); err != nil {
			return err
		}
		for i, v := range column {
			t.weights[i*t.columns+c] = v
		}
	}
	return nil
}
