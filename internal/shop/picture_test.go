package shop

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestPictures(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc(PicturePattern, Pictures)
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w
	}
	drawn := map[string]string{}
	for i := range catalogue {
		p := &catalogue[i]
		w := get(picturePath + p.id + ".svg")
		text := w.Body.String()
		if w.Code != 200 || w.Header().Get("Content-Type") != "image/svg+xml" || strings.Contains(text, "<script") || strings.Contains(text, "href") {
			t.Fatalf("%s: %d %.200s", p.id, w.Code, text)
		}
		d := xml.NewDecoder(strings.NewReader(text))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v in %s", p.id, err, text)
			}
		}
		if other := drawn[text]; other != "" {
			t.Errorf("%s looks like %s", p.id, other)
		}
		drawn[text] = p.id
		if shapes[p.article] == nil || dyes[p.colour] == [2]string{} || p.category != "bra" && p.craft != "brass" && weave(p.craft, 24, "#000") == "" && materials[p.craft] == [2]string{} {
			t.Errorf("%s: nothing drawn of %s, %s, %s", p.id, p.article, p.craft, p.colour)
		}
	}
	for _, path := range []string{"sar-99.svg", "sar-01.png", "sar-01"} {
		if w := get(picturePath + path); w.Code != 404 {
			t.Errorf("%s answers %d", path, w.Code)
		}
	}
}

func TestGoods(t *testing.T) {
	for _, group := range Groups {
		goods := Goods(group, "hi")
		if len(goods) != 20 || goods[0].Name == "" || goods[0].About == "" || goods[0].Price == 0 || goods[0].Picture == "" {
			t.Errorf("%s: %+v", group, goods)
		}
	}
	if len(Goods("xyz", "en")) != 0 {
		t.Error("goods of no group")
	}
}
