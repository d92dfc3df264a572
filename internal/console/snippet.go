package console

import (
	"strings"

	"github.com/dhvani/dhvani/internal/console/ui"
)

// snippet is how one kind of client sends to this workspace.
type snippet struct {
	ID, Name string
	Browser  bool // runs where shoppers see it
	Code     string
}

// snippets are the clients that are known to work; tests of package app run most
// of them. {host} is this Dhvani's address, {bare} the same without the scheme,
// {scheme} that, {key} a write key.
var snippets = []snippet{
	{ID: "browser", Name: "HTML", Browser: true, Code: `<script>
(function () {
  var host = '{host}', key = '{key}';
  var id = localStorage.getItem('dhvani_id') || crypto.randomUUID();
  localStorage.setItem('dhvani_id', id);
  function send(event) {
    event.writeKey = key;
    event.anonymousId = id;
    event.messageId = crypto.randomUUID();
    event.timestamp = new Date().toISOString();
    fetch(host + '/v1/batch', {
      method: 'POST', keepalive: true,
      body: JSON.stringify({ writeKey: key, batch: [event] })
    });
  }
  window.dhvani = {
    page: function () {
      var at = { url: location.href, referrer: document.referrer };
      send({ type: 'page', name: document.title, properties: at });
    },
    track: function (name, properties) {
      send({ type: 'track', event: name, properties: properties || {} });
    },
    identify: function (userId, traits) {
      send({ type: 'identify', userId: userId, traits: traits || {} });
    }
  };
  dhvani.page();
})();
</script>`},
	{ID: "analytics-js", Name: "analytics.js", Browser: true, Code: `// npm install @segment/analytics-next
import { AnalyticsBrowser } from '@segment/analytics-next'

const writeKey = '{key}'
export const analytics = AnalyticsBrowser.load({
  writeKey,
  cdnSettings: {
    integrations: { 'Segment.io': { apiKey: writeKey, apiHost: '{bare}/v1', protocol: '{scheme}' } }
  }
})

analytics.page()
analytics.track('Product Viewed', { product_id: 'saree-01', name: 'Indigo dabu saree', price: 3150, currency: 'INR' })`},
	{ID: "node", Name: "Node.js", Code: `// npm install @segment/analytics-node
import { Analytics } from '@segment/analytics-node'

const analytics = new Analytics({ writeKey: '{key}', host: '{host}' })

analytics.track({
  userId: '20418',
  event: 'Order Completed',
  properties: { order_id: '1082-3391', total: 2150, currency: 'INR', products: [{ product_id: 'saree-01', price: 2150, quantity: 1 }] }
})
await analytics.closeAndFlush()`},
	{ID: "python", Name: "Python", Code: `import base64, json, urllib.request

def send(*events):
    request = urllib.request.Request(
        '{host}/v1/batch',
        data=json.dumps({'batch': events}).encode(),
        headers={
            'Content-Type': 'application/json',
            'Authorization': 'Basic ' + base64.b64encode(b'{key}:').decode(),
        })
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)

send({
    'type': 'track', 'userId': '20418', 'event': 'Order Completed', 'messageId': 'order-1082-3391',
    'properties': {'order_id': '1082-3391', 'total': 2150, 'currency': 'INR'},
})`},
	{ID: "go", Name: "Go", Code: `// go get github.com/segmentio/analytics-go/v3
package main

import (
	"log"

	"github.com/segmentio/analytics-go/v3"
)

func main() {
	client, err := analytics.NewWithConfig("{key}", analytics.Config{Endpoint: "{host}"})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	err = client.Enqueue(analytics.Track{
		UserId: "20418", Event: "Order Completed",
		Properties: analytics.NewProperties().SetOrderId("1082-3391").SetTotal(2150).SetCurrency("INR"),
	})
	if err != nil {
		log.Fatal(err)
	}
}`},
	{ID: "php", Name: "PHP", Code: `<?php
function dhvani(array $event): void {
    $curl = curl_init('{host}/v1/batch');
    curl_setopt_array($curl, [
        CURLOPT_POST => true,
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_TIMEOUT => 5,
        CURLOPT_USERPWD => '{key}:',
        CURLOPT_HTTPHEADER => ['Content-Type: application/json'],
        CURLOPT_POSTFIELDS => json_encode(['batch' => [$event]]),
    ]);
    curl_exec($curl);
}

dhvani([
    'type' => 'track', 'userId' => '20418', 'event' => 'Order Completed', 'messageId' => 'order-1082-3391',
    'properties' => ['order_id' => '1082-3391', 'total' => 2150, 'currency' => 'INR'],
]);`},
	{ID: "rudderstack", Name: "RudderStack", Code: `// npm install @rudderstack/rudder-sdk-node
import RudderAnalytics from '@rudderstack/rudder-sdk-node'

const analytics = new RudderAnalytics('{key}', { dataPlaneUrl: '{host}' })

analytics.track({ userId: '20418', event: 'Order Completed', properties: { order_id: '1082-3391', total: 2150, currency: 'INR' } })
await analytics.flush()`},
	{ID: "posthog", Name: "PostHog", Code: `// npm install posthog-node
import { PostHog } from 'posthog-node'

const client = new PostHog('{key}', { host: '{host}' })

client.capture({ distinctId: '20418', event: 'Order Completed', properties: { order_id: '1082-3391', total: 2150, currency: 'INR' } })
await client.shutdown()`},
	{ID: "jitsu", Name: "Jitsu", Browser: true, Code: `// npm install @jitsu/js
import { jitsuAnalytics } from '@jitsu/js'

const analytics = jitsuAnalytics({ host: '{host}', writeKey: 'dhvani:{key}' })

analytics.page()
analytics.track('Product Viewed', { product_id: 'saree-01', price: 3150, currency: 'INR' })`},
	{ID: "curl", Name: "curl", Code: `curl '{host}/v1/track' -u '{key}:' -H 'Content-Type: application/json' -d '{
  "userId": "20418",
  "event": "Order Completed",
  "properties": { "order_id": "1082-3391", "total": 2150, "currency": "INR" }
}'`},
}

// snippetFor returns the snippet with an id, the first where there is none, with
// address and key filled in.
func snippetFor(id, address, key string) snippet {
	s := snippets[0]
	for _, x := range snippets {
		if x.ID == id {
			s = x
		}
	}
	scheme, bare, _ := strings.Cut(address, "://")
	s.Code = strings.NewReplacer("{host}", address, "{bare}", bare, "{scheme}", scheme, "{key}", key).Replace(s.Code)
	return s
}

// snippetChoices are the clients as tabs.
func snippetChoices(v *ui.Viewer, current string) []ui.Choice {
	var out []ui.Choice
	for _, s := range snippets {
		out = append(out, ui.Choice{Label: s.Name, URL: v.URL("sources") + "?client=" + s.ID + "#connect", Current: s.ID == current})
	}
	return out
}
