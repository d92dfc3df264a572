package language

import (
	"encoding/binary"
	"errors"
	"math"
)

// Adaption is what a workspace's own ratings add to the sentiment of the base models.
type Adaption struct {
	scale   float32
	bias    [3]float32
	weights []int8 // bucket by sentiment
}

// AdaptionBits is how many bits of a feature's hash tell its bucket in an Adaption.
const AdaptionBits = 16

// NewAdaption makes an Adaption of what was learnt.
func NewAdaption(l Linear) *Adaption {
	a := &Adaption{weights: make([]int8, 3<<AdaptionBits), bias: [3]float32(l.Bias)}
	for _, weights := range l.Weights {
		a.scale = max(a.scale, scaleOf(weights))
	}
	for c, weights := range l.Weights {
		for bucket, w := range weights {
			a.weights[bucket*3+c] = inSteps(w, a.scale)
		}
	}
	return a
}

// add adds to the scores of a text's sentiments.
func (a *Adaption) add(features []feature, norm float64, scores *[3]float64) {
	var sums [3]int32
	for i := range features {
		at := int(features[i].hash>>(32-AdaptionBits)) * 3
		sums[0] += int32(a.weights[at])
		sums[1] += int32(a.weights[at+1])
		sums[2] += int32(a.weights[at+2])
	}
	for c := range scores {
		scores[c] += float64(sums[c])*float64(a.scale)*norm + float64(a.bias[c])
	}
}

// MarshalBinary writes an Adaption.
func (a *Adaption) MarshalBinary() ([]byte, error) {
	out, err := binary.Append(nil, binary.LittleEndian, []float32{a.scale, a.bias[0], a.bias[1], a.bias[2]})
	if err != nil {
		return nil, err
	}
	return binary.Append(out, binary.LittleEndian, a.weights)
}

// UnmarshalBinary reads what MarshalBinary wrote.
func (a *Adaption) UnmarshalBinary(b []byte) error {
	if len(b) != 16+3<<AdaptionBits {
		return errors.New("this is not an adapted language model of this version of Dhvani: train it again")
	}
	head := make([]float32, 4)
	if _, err := binary.Decode(b, binary.LittleEndian, head); err != nil {
		return err
	}
	for _, v := range head {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return errors.New("this adapted language model is damaged: train it again")
		}
	}
	a.scale, a.bias = head[0], [3]float32(head[1:])
	a.weights = make([]int8, 3<<AdaptionBits)
	_, err := binary.Decode(b[16:], binary.LittleEndian, a.weights)
	return err
}
