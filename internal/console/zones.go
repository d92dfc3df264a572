package console

import (
	"slices"
	"strings"

	"github.com/dhvani/dhvani/internal/console/ui"
)

// zones are the time zones to choose from: one for each region with clocks of its own.
var zones = strings.Fields(`
Africa/Accra Africa/Cairo Africa/Casablanca Africa/Johannesburg Africa/Lagos Africa/Nairobi
America/Argentina/Buenos_Aires America/Asuncion America/Bogota America/Caracas America/Chicago America/Costa_Rica
America/Denver America/El_Salvador America/Fortaleza America/Guatemala America/Guayaquil America/Halifax America/Havana
America/La_Paz America/Lima America/Los_Angeles America/Manaus America/Mexico_City America/Monterrey America/Montevideo America/New_York
America/Panama America/Phoenix America/Puerto_Rico America/Rio_Branco America/Santiago America/Santo_Domingo
America/Sao_Paulo America/Tegucigalpa America/Tijuana America/Toronto America/Vancouver
Asia/Bangkok Asia/Colombo Asia/Dhaka Asia/Dubai Asia/Ho_Chi_Minh Asia/Hong_Kong Asia/Jakarta Asia/Jerusalem Asia/Karachi
Asia/Kathmandu Asia/Kolkata Asia/Kuala_Lumpur Asia/Manila Asia/Qatar Asia/Riyadh Asia/Seoul Asia/Shanghai Asia/Singapore
Asia/Thimphu Asia/Tokyo Asia/Yangon Atlantic/Canary Australia/Adelaide Australia/Brisbane Australia/Perth Australia/Sydney
Europe/Amsterdam Europe/Athens Europe/Berlin Europe/Brussels Europe/Dublin Europe/Helsinki Europe/Istanbul Europe/Lisbon
Europe/London Europe/Madrid Europe/Moscow Europe/Paris Europe/Rome Europe/Stockholm Europe/Vienna Europe/Warsaw Europe/Zurich
Indian/Mauritius Pacific/Auckland UTC`)

// moneys are the currencies to choose from.
var moneys = strings.Fields(`INR NPR BDT BRL MXN EUR USD GBP ARS AED AUD BOB CAD CHF CLP CNY COP CRC DKK GTQ HKD IDR JPY KES
KRW LKR MYR NGN NOK NZD PEN PHP PKR PLN PYG SAR SEK SGD THB TRY TWD UYU VND ZAR`)

// zoneChoices lists the zones, and the one that is chosen where it is another.
func zoneChoices(v *ui.Viewer, chosen string) []ui.Choice {
	var out []ui.Choice
	all := zones
	if chosen != "" && !slices.Contains(all, chosen) {
		all = append([]string{chosen}, all...)
	}
	for _, z := range all {
		label := strings.ReplaceAll(z, "_", " ")
		if area, city, ok := strings.Cut(label, "/"); ok {
			label = strings.ReplaceAll(city, "/", ", ") + " (" + area + ")"
		}
		out = append(out, ui.Choice{Label: label, Value: z, Current: z == chosen})
	}
	slices.SortStableFunc(out, func(a, b ui.Choice) int { return strings.Compare(a.Label, b.Label) })
	return out
}

func moneyChoices(v *ui.Viewer, chosen string) []ui.Choice {
	out := []ui.Choice{{Label: v.T("settings.not_chosen")}}
	all := moneys
	if chosen != "" && !slices.Contains(all, chosen) {
		all = append([]string{chosen}, all...)
	}
	for _, m := range all {
		out = append(out, ui.Choice{Label: m, Value: m, Current: m == chosen})
	}
	return out
}
