package browsertest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/dhvani/dhvani/internal/app"
	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/language"
	"github.com/dhvani/dhvani/internal/language/writer"
	"github.com/dhvani/dhvani/internal/workspace"
)

// rows is how many opinions a page lists.
const rows = "document.querySelectorAll('#voices article').length"

// Filters on what texts say narrow the list, stay in the address, and are shared
// by it; those that are needed less often stand in one form.
func TestFiltersOfTexts(t *testing.T) {
	s := start(t).shop("Tantu Handloom").fill()
	b := s.signIn(s.owner)
	b.size(390, 900)
	b.goTo(s.path("feedback"))
	b.ready()
	all := ask[int](b, rows)
	menu := func(label, choice string) {
		b.ready()
		find := fmt.Sprintf("[...document.querySelectorAll('.filters summary')].find(e => e.innerText.trim().startsWith(%q))", label)
		b.until(find)
		ask[bool](b, find+".click() || true")
		if out := ask[float64](b, find+".nextElementSibling.getBoundingClientRect().right - innerWidth"); out > 0 {
			t.Errorf("the menu %s leaves the phone's screen by %.0f points", label, out)
		}
		if choice != "" {
			ask[bool](b, fmt.Sprintf("[...%s.nextElementSibling.querySelectorAll('a')].find(e => e.firstChild.textContent.trim() == %q).click() || true", find, choice))
		}
	}
	menu("Language", "Bengali")
	b.until("/language=bn/.test(location.search) && document.readyState == 'complete'")
	b.sees("শাড়িটার রং একদম ছবির মতোই")
	if n := ask[int](b, rows); n == 0 || n >= all {
		t.Errorf("%d of %d opinions are in Bengali", n, all)
	}
	if other := ask[int](b, "[...document.querySelectorAll('#voices .chip[data-language]')].filter(e => e.innerText != 'Bengali').length"); other > 0 {
		t.Errorf("%d of them are in another language", other)
	}
	menu("More filters", "")
	for name, value := range map[string]string{"sentiment": "negative", "urgency": "3"} {
		ask[bool](b, fmt.Sprintf("(document.querySelector('.filters select[name=%s]').value = %q) != ''", name, value))
	}
	b.press("Apply")
	b.until("/language=bn/.test(location.search) && /sentiment=negative/.test(location.search) && /urgency=3/.test(location.search) && document.readyState == 'complete'")
	b.sees("No opinion meets these filters")
	b.until("[...document.querySelectorAll('.filters summary b')].pop().innerText == '2'")
	ask[bool](b, "document.querySelector('.filters a.filter[aria-label$=\"no later than Now\"]').click() || true")
	b.until("/sentiment=negative/.test(location.search) && !/urgency=/.test(location.search) && document.readyState == 'complete'")
	menu("More filters", "")
	if over := ask[float64](b, "document.querySelector('.filters form.pop').getBoundingClientRect().bottom - document.querySelector('.phone-bar').getBoundingClientRect().top"); over > 0 {
		t.Errorf("the filters cover the bar by %.0f points", over)
	}
	b.press("Clear filters")
	b.until("!/language=/.test(location.search) && document.readyState == 'complete'")

	b.goTo(s.path("feedback?topic=delivery&toward=positive&channel=review")) // as arrange corrected it
	b.until(rows + " > 0")
	menu("On this topic", "Negative")
	b.until("/topic=delivery/.test(location.search) && /toward=negative/.test(location.search) && /channel=review/.test(location.search)")
	menu("Topic", "All")
	b.until("!/topic=|toward=/.test(location.search) && /channel=review/.test(location.search)")
}

// The table of topics leads to a topic's page, which leads to its opinions.
func TestTopics(t *testing.T) {
	s := start(t).shop("Tantu Handloom").fill()
	w := s.walker(s.owner)
	var found struct{ Items []struct{ ID string } }
	s.call("GET", "/api/v1/feedback?channel=review", "", &found)
	for i, o := range found.Items { // whatever the model reads
		w.post(s.path("feedback/"+o.ID+"/correct"), url.Values{"sentiment": {"negative"}, "topic_delivery": {[]string{"negative", "positive"}[i%2]}, "topic_size": {"neutral"}})
	}
	b := s.signIn(s.owner)
	b.goTo(s.path("feedback"))
	b.ready()
	b.press("All topics")
	b.at(s.path("topics"))
	b.ready()
	if n := ask[string](b, "[...document.querySelectorAll('.topics-table tr')].find(e => /Delivery/.test(e.innerText)).cells[4].innerText"); !strings.Contains(n, " of ") {
		t.Errorf("so few are told as a share: %q", n)
	}
	b.press("Delivery")
	b.at(s.path("topics/delivery"))
	b.ready()
	b.sees("What goes wrong, in their words")
	words := []string{"পেমেন্ট", "पेमेंट", "शाड़िटार", "শাড়িটার", "gorgeous", "Canarias", "túnica", "सामान"}
	quotes := ask[string](b, "[...document.querySelectorAll('.panel')].find(e => e.ariaLabel == 'What goes wrong, in their words').innerText")
	if !containsAny(quotes, words) {
		t.Errorf("nobody is quoted: %s", quotes)
	}
	b.until("document.querySelectorAll('#topic-chart svg path').length > 0")
	b.press("Share of negative")
	b.until("/chart=share/.test(location.search) && document.readyState == 'complete' && document.querySelectorAll('#topic-chart svg path').length > 0")
	b.press("7 days")
	b.until("/days=7/.test(location.search) && document.readyState == 'complete'")
	b.ready()
	b.press("All opinions about it")
	b.until("/topic=delivery/.test(location.search) && /days=7/.test(location.search) && document.readyState == 'complete'")
	b.until(rows + " == " + fmt.Sprint(len(found.Items)))

	none := s.place.shop("another shop")
	c := none.signIn(none.owner)
	c.goTo(none.path("topics"))
	c.sees("No topics yet")
	c.goTo(none.path("topics/stock"))
	c.sees("Nobody spoke of it: Stock")
}

// A phrase that many begin to write is named among the topics, and leads to what
// they wrote.
func TestRisingWords(t *testing.T) {
	s := start(t).shop("Tantu Handloom").fill()
	var events []string
	for i := range 180 {
		said, ago := fmt.Sprintf("Nice cloth and colour number %d", i), 10*24*time.Hour
		if i >= 90 {
			ago = 2 * 24 * time.Hour
		}
		if i >= 160 {
			said = fmt.Sprintf("The glass lid cracked, it is number %d", i)
		}
		events = append(events, fmt.Sprintf(`{"type":"track","event":"Product Reviewed","userId":"r%d","messageId":"rise-%[1]d","timestamp":%[2]q,"properties":{"review_id":"rise%[1]d","rating":3,"review_body":%[3]q}}`,
			i, time.Now().Add(-ago).UTC().Format(time.RFC3339), said))
	}
	s.send(events...)
	b := s.signIn(s.owner)
	b.goTo(s.path("topics?days=7"))
	b.ready()
	b.sees("glass lid cracked")
	b.sees("20 customers, expected 0")
	b.click(".rows a[href*='glass']")
	b.until("/q=/.test(location.search) && /days=7/.test(location.search) && document.readyState == 'complete'")
	b.until(rows + " == 20")
	b.goTo(s.path("topics?days=1"))
	b.sees("too few texts from the time before")
}

func containsAny(text string, words []string) bool {
	for _, w := range words {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}

// An agent says by the keyboard alone that a text was understood wrongly, takes it
// back by the message, and says it again; others see whose word it is.
func TestCorrection(t *testing.T) {
	s := start(t).shop("Tantu Handloom").fill()
	b := s.signIn(s.email(workspace.Agent))
	b.goTo(s.path("feedback") + "?q=gorgeous")
	b.ready()
	b.click("#voices a[data-row-link]")
	b.at(s.path("feedback/"))
	b.ready()
	b.sees("by model")
	read := ask[string](b, "document.querySelector('#said .opinion-foot').innerText")

	b.do(chromedp.Focus(".correct > summary"))
	b.keys(kb.Enter)
	b.until("document.querySelector('.correct').open")
	b.press("Save the correction")
	b.sees("This is how it is understood already")
	b.do(chromedp.Focus("#said input[name=sentiment][value=positive]"))
	b.keys(kb.ArrowLeft)
	b.keys(kb.ArrowLeft)
	b.until("document.querySelector('#said input[name=sentiment]:checked').value == 'negative'")
	b.do(chromedp.Focus("#said select[name=topic_price]"))
	b.keys("Neg")
	b.until("document.querySelector('#said select[name=topic_price]').value == 'negative'")
	b.keys(kb.Enter)
	b.press("Save the correction")
	b.sees("Corrected by Mira agent")
	b.until("document.querySelector('#said [data-topic=price]') && [...document.querySelectorAll('#said .chip-bad')].some(e => e.innerText.trim() == 'Negative')")
	for _, said := range []string{"corrected by staff"} {
		b.until(fmt.Sprintf("document.querySelector('#said .understood-how').innerText.includes(%q)", said))
	}

	c := s.signIn(s.owner)
	c.goTo(s.path("feedback") + "?topic=price&toward=negative")
	c.sees("The block-print tablecloth")

	b.press("Undo")
	b.at(s.path("feedback/"))
	b.ready()
	b.until(fmt.Sprintf("document.querySelector('#said .opinion-foot').innerText == %q", read))
	b.until("!document.querySelector('#said').innerText.includes('Corrected by')")

	b.press("Is this wrong?")
	b.press("Negative")
	b.press("Save the correction")
	b.sees("Corrected by Mira agent")
	c.goTo(s.path("settings/audit"))
	c.sees("Corrected how an opinion was understood")
	b.press("Is this wrong?")
	b.press("Back to what the model reads")
	b.sees("As the model reads it again")
	b.until(fmt.Sprintf("document.querySelector('#said .opinion-foot').innerText == %q", read))
}

// A page that is older than a colleague's correction changes only what is changed on
// it; a false care flag can be taken away.
func TestCorrectionOfAStalePage(t *testing.T) {
	s := start(t).shop("Tantu Handloom").fill()
	s.send(`{"type":"track","event":"Email Replied","userId":"cared","messageId":"care-1","properties":{"text":"I will kill you all if the parcel is late again, negative price"}}`)
	var found struct {
		Items []struct {
			ID, Sentiment string
			Care, Topics  []string
		}
	}
	s.call("GET", "/api/v1/feedback?care=threat", "", &found)
	if len(found.Items) != 1 {
		t.Fatal(found)
	}
	id := found.Items[0].ID
	b := s.signIn(s.email(workspace.Agent))
	b.goTo(s.path("feedback/" + id))
	b.ready()
	b.sees("A person should read this: threat")

	w := s.walker(s.owner)
	w.post(s.path("feedback/"+id+"/correct"), url.Values{"sentiment": {"positive"}})
	b.press("Is this wrong?")
	ask[bool](b, "(document.querySelector('#said select[name=topic_stock]').value = 'negative') != ''")
	b.press("Threat")
	b.press("Save the correction")
	b.sees("not threat, corrected by staff")
	b.until("!document.querySelector('#said').innerText.includes('A person should read this')")
	s.call("GET", "/api/v1/feedback?topic=stock", "", &found)
	if o := found.Items[0]; o.ID != id || o.Sentiment != "positive" || len(o.Care) > 0 {
		t.Errorf("the colleague's correction: %+v", o)
	}
	b.press("Undo")
	b.sees("A person should read this: threat")
	s.call("GET", "/api/v1/feedback?care=threat", "", &found)
	if o := found.Items[0]; o.Sentiment != "positive" {
		t.Errorf("after the undo: %+v", o)
	}
}

// With an endpoint of the operator's, a topic's page has a summary written, shows it
// as a machine's and as plain text, and tells where it came to nothing.
func TestWrittenSummary(t *testing.T) {
	var asked atomic.Value
	var calls atomic.Int32
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked.Store(string(body))
		if calls.Add(1) == 1 {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		io.WriteString(w, `{"choices":[{"message":{"role":"assistant","content":"Most say <b>it came late</b>.\nSome like the cloth."}}]}`)
	}))
	defer endpoint.Close()
	s := start(t, func(o *app.Options) { o.Writer = writer.Options{URL: endpoint.URL + "/v1", Model: "small"} }).shop("Tantu Handloom").fill()
	s.send(`{"type":"track","event":"Product Reviewed","userId":"u20411","messageId":"late-1","properties":{"review_id":"late","rating":1,"review_body":"The delivery was a week late, call Rekha Sharma on +919830000001 or rekha@mail.example"}}`)
	b := s.signIn(s.owner)
	b.goTo(s.path("topics/delivery"))
	b.ready()
	b.press("Write a summary")
	b.sees("The writer has too much to do")
	b.press("Write a summary")
	b.sees("Most say <b>it came late</b>.")
	b.sees("machine-written")
	for _, kept := range []string{"rekha@mail.example", "9830000001", "Rekha Sharma"} {
		if text := asked.Load().(string); strings.Contains(text, kept) || !strings.Contains(text, "a week late") {
			t.Errorf("%s was sent: %s", kept, text)
		}
	}
	none := start(t).shop("Tantu Handloom").fill()
	a := none.walker(none.owner).ask(t, "GET", none.path("topics/delivery"))
	if strings.Contains(string(a.text), "Write a summary") {
		t.Error("without an endpoint a summary is offered")
	}
	if a := none.walker(none.owner).ask(t, "POST", none.path("topics/delivery/summary")); a.status != http.StatusNotFound {
		t.Errorf("without an endpoint a summary is answered with %d", a.status)
	}
}

// While a summary is written, others who ask for the same do not wait, and it is
// asked for once; from an endpoint that hangs nothing more is awaited.
func TestSlowSummary(t *testing.T) {
	asked, answer := make(chan struct{}, 9), make(chan struct{})
	endpoint := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		asked <- struct{}{}
		select {
		case <-answer:
		case <-r.Context().Done():
		}
	}))
	defer endpoint.Close()
	defer close(answer)
	s := start(t, func(o *app.Options) {
		o.Writer = writer.Options{URL: endpoint.URL + "/v1", Model: "small", Timeout: 5 * time.Second}
	}).shop("Tantu Handloom").fill()
	b := s.signIn(s.owner)
	b.goTo(s.path("topics/delivery"))
	b.ready()
	b.press("Write a summary")
	<-asked
	b.until(`document.querySelector("#written button").disabled`)
	if a := s.walker(s.owner).ask(t, "POST", s.path("topics/delivery/summary")); !strings.Contains(string(a.text), "is being written already") {
		t.Errorf("who asks meanwhile is told %d %.300s", a.status, a.text)
	}
	b.sees("The writer did not answer in time. What customers say")
	if len(asked) != 0 {
		t.Errorf("asked %d times more", len(asked))
	}
}

// The settings say which model reads the shop's texts, and by how much its own is
// better.
func TestModelOfTexts(t *testing.T) {
	s := start(t).shop("Tantu Handloom")
	b := s.signIn(s.addUser(workspace.Agent))
	b.goTo(s.path("settings/texts"))
	b.sees("comes with Dhvani")
	d, err := db.Open(t.Context(), db.Options{Data: s.options.Data})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	trained := func(used int, at time.Time, own, low, high int64) {
		err := d.Update(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `INSERT INTO language_model (workspace, trained_at, base, n_train, n_test, base_f1, own_f1, low, high, used, data)
				SELECT number, $2, $3, 1648, 412, 661000, $4, $5, $6, $7, $8 FROM workspace WHERE id = $1`,
				s.id, at.UnixMicro(), language.BaseVersion(), own, low, high, used, []byte{})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	trained(0, time.Now().Add(-3*time.Hour), 658000, -21000, 15000)
	b.goTo(s.path("settings/texts"))
	b.sees("was not surely better: −0.3 points, between −2.1 and +1.5")
	trained(1, time.Now().Add(-2*time.Hour), 714000, 31000, 76000)
	b.goTo(s.path("settings/texts"))
	b.sees("the shop’s own")
	b.sees("+5.3 points, between +3.1 and +7.6")
	b.sees("71.4, Dhvani’s 66.1")
	trained(0, time.Now().Add(-time.Hour), 660000, -21000, 15000)
	b.goTo(s.path("settings/texts"))
	b.sees("+5.3 points, between +3.1 and +7.6")
	b.sees("was not surely better: −0.1 points")
}

// Pointing at a topic leaves only its own words marked.
func TestTopicShowsItsWords(t *testing.T) {
	s := start(t).shop("Tantu Handloom").fill()
	s.send(`{"type":"track","event":"Product Reviewed","userId":"u20410","messageId":"words-1","properties":{"review_id":"rw","product_id":"p1","rating":2,"review_title":"Delivery was late <b>","review_body":"The cloth is beautiful & soft, great quality, but the courier came a week late and was rude."}}`)
	b := s.signIn(s.owner)
	b.goTo(s.path("feedback") + "?q=courier")
	b.ready()
	b.click("#voices a[data-row-link]")
	b.at(s.path("feedback/"))
	b.ready()
	b.sees("Delivery was late <b>")
	b.until("document.querySelectorAll('#said mark[data-topics]').length > 1 && document.querySelectorAll('#said a[data-topic]').length > 1")
	b.do(chromedp.Focus("#said a.who"))
	for range 8 {
		if b.keys(kb.Tab); ask[bool](b, "document.activeElement.dataset.topic == 'delivery'") {
			break
		}
	}
	seen := ask[[][]bool](b, `[...document.querySelectorAll('#said mark')].map(e => [/delivery/.test(e.dataset.topics), getComputedStyle(e).backgroundColor != 'rgba(0, 0, 0, 0)'])`)
	for _, m := range seen {
		if m[0] != m[1] {
			t.Errorf("marked and of delivery: %v", seen)
			break
		}
	}
}
