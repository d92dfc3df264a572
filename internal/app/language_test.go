package app_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dhvani/dhvani/internal/app"
)

// A shop whose customers have words of their own trains a model, by which its texts
// are read from then on, and no other shop's.
func TestTrainLanguage(t *testing.T) {
	eachStore(t, func(t *testing.T, s *shop) {
		words := map[int]string{1: "zorpig klumsh", 3: "brellom quist", 5: "glimra fenzy"}
		review := func(id, rating int, text string) string {
			return fmt.Sprintf(`{"type":"track","event":"Product Reviewed","userId":"u%d","messageId":"r%d","properties":{"review_id":"r%d","product_id":"p%d","rating":%d,"review_body":%q}}`,
				id, id, id, id%7, rating, text)
		}
		train := app.NamedKey{Workspace: s.keys.ID}
		if _, _, err := s.follow("/admin/language/train", train); err == nil || !strings.Contains(err.Error(), "0 texts with a rating, and 400 are needed") {
			t.Errorf("without reviews: %v", err)
		}
		var batch []string
		for i := range 450 {
			rating := 1 + i%3*2
			batch = append(batch, review(i, rating, fmt.Sprintf("%s no%d", words[rating], i)))
		}
		s.accept("/v1/batch", s.keys.SecretKey, `{"batch":[`+strings.Join(batch, ",")+`]}`)
		s.settle()
		said, _, err := s.follow("/admin/language/train", train)
		if err != nil || !strings.Contains(said, "learnt from 150 texts") || !strings.Contains(said, "newest 300 rated texts") || !strings.Contains(said, "from now on") {
			t.Fatalf("%q %v", said, err)
		}

		other := s.createWorkspace("baz")
		ask := func(key string) string {
			var answer struct{ Items []struct{ Sentiment string } }
			s.callWith(key, "POST", "/api/v1/language/analyze", `{"texts":["zorpig klumsh"]}`, 200, &answer)
			return answer.Items[0].Sentiment
		}
		if own, base := ask(s.keys.SecretKey), ask(other.SecretKey); own != "negative" || base == "negative" {
			t.Errorf("its own model says %s, the base model %s", own, base)
		}
		s.accept("/v1/batch", s.keys.SecretKey, `{"batch":[`+review(1000, 5, "zorpig klumsh once more")+`]}`)
		s.settle()
		var list struct {
			Items []struct{ Sentiment, Text string }
		}
		s.call("GET", "/api/v1/feedback?q=once+more", "", 200, &list)
		if len(list.Items) != 1 || list.Items[0].Sentiment != "negative" {
			t.Errorf("a new opinion: %+v", list)
		}

		// Old texts are read by it in a replay: all but the last agree with their stars then.
		disagree := func() int64 {
			return s.number(`SELECT count(*) FROM feedback f JOIN workspace w ON w.model = f.model WHERE w.name = 'bar'
				AND f.sentiment <> CASE f.mood WHEN 1 THEN 'positive' WHEN 0 THEN 'neutral' ELSE 'negative' END`)
		}
		before := disagree()
		if _, _, err := s.follow("/admin/replay", train); err != nil {
			t.Fatal(err)
		}
		if after := disagree(); before < 100 || after != 1 {
			t.Errorf("%d texts disagreed with their stars, and after a replay %d", before, after)
		}
		s.verify("")

		for name, sentiment := range map[string]string{"bar": "negative", "baz": ask(other.SecretKey)} {
			var m app.OwnModel
			s.command("POST", "/admin/language/model", app.NamedKey{Workspace: name}, &m)
			a, err := app.OpenModel(m)
			if err != nil || string(a.Analyze("zorpig klumsh").Sentiment) != sentiment {
				t.Errorf("%s: %v %v", name, a.Analyze("zorpig klumsh").Sentiment, err)
			}
		}
		if _, _, err := s.follow("/admin/language/train", app.NamedKey{}); err == nil || !strings.Contains(err.Error(), "--workspace") {
			t.Errorf("of several: %v", err)
		}
	})
}
