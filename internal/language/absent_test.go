package language

import (
	"testing"
)

// That what was ordered did not come is about delivery, and not about a product; what is said of a product besides still is.
func TestWhatDidNotComeIsDelivery(t *testing.T) {
	a := Base()
	for _, c := range []struct {
		text              string
		delivery, product bool
	}{
		{"não recebi o produto", true, false},
		{"o produto não chegou", true, false},
		{"Ainda não recebi o meu produto até agora!", true, false},
		{"el producto no llegó", true, false},
		{"no recibí el producto", true, false},
		{"nunca me llegó el producto", true, false},
		{"I didn't get the product", true, false},
		{"did not receive the product, very bad", true, false},
		{"product never arrived", true, false},
		{"the product has not come yet", true, false},
		{"mujhe product nahi mila", true, false},
		{"product abhi tak nahi aaya", true, false},
		{"प्रोडक्ट नहीं मिला", true, false},
		{"সামান্য দেরি না, প্রোডাক্ট এখনো পাইনি", true, false},
		{"product pai ni", true, false},
		{"product ayena", true, false},
		{"सामान अझै आएको छैन", true, false},
		{"the product never arrived. the other shirt is torn, poor quality fabric", true, true},
		{"didn't get the product shown in the picture, poor quality", false, true},
		{"no recibí el producto que se ve en la foto, mala calidad", false, true},
		{"o produto não presta, quebrou no primeiro dia", false, true},
	} {
		var delivery, product bool
		for _, topic := range a.Analyze(c.text).Topics {
			delivery = delivery || topic.Name == "delivery"
			product = product || topic.Name == "product"
		}
		if delivery != c.delivery || product != c.product {
			t.Errorf("%q: delivery %v, product %v", c.text, delivery, product)
		}
	}
}
