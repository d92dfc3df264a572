// Command clients tells one shopper's story with Segment's client for Go:
// go run . URL KEY.
package main

import (
	"log"
	"os"

	"github.com/segmentio/analytics-go/v3"
)

func main() {
	const user, anonymous = "go", "anonymous-go"
	client, err := analytics.NewWithConfig(os.Args[2], analytics.Config{Endpoint: os.Args[1]})
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range []analytics.Message{
		analytics.Track{AnonymousId: anonymous, Event: "Product Viewed", Properties: analytics.NewProperties().Set("product_id", "p1")},
		analytics.Identify{UserId: user, Traits: analytics.NewTraits().SetEmail(user + "@example.com")},
		analytics.Track{UserId: user, Event: "Order Completed", Properties: analytics.NewProperties().SetOrderId("order-" + user).
			SetTotal(12.5).SetCurrency("EUR").SetProducts(analytics.Product{ID: "p1", Price: 12.5})},
		analytics.Track{UserId: user, Event: "Survey Answered", Properties: analytics.NewProperties().
			Set("survey_id", "after-order").Set("question_id", "q1").Set("kind", "nps").Set("score", 9).Set("text", "great")},
		analytics.Track{UserId: user, Event: "Product Reviewed", Properties: analytics.NewProperties().
			Set("review_id", "review-"+user).Set("product_id", "p1").Set("rating", "2").Set("review_body", "broke at once")},
		analytics.Page{UserId: user, Name: "Home"},
		analytics.Screen{UserId: user, Name: "Cart"},
		analytics.Group{UserId: user, GroupId: "g1", Traits: analytics.NewTraits().SetName("Acme")},
		analytics.Alias{UserId: user, PreviousId: anonymous},
	} {
		if err := client.Enqueue(m); err != nil {
			log.Fatal(err)
		}
	}
	if err := client.Close(); err != nil {
		log.Fatal(err)
	}
}
