package locale

import "math"

// plural returns the plural category of a whole number: the rules of CLDR 48 for
// the languages here.
func plural(lang Lang, n int64) string {
	if n < 0 {
		n = -n
	}
	switch lang {
	case Hindi, Bengali, Portuguese:
		if n == 0 || n == 1 {
			return "one"
		}
	default:
		if n == 1 {
			return "one"
		}
	}
	if (lang == Portuguese || lang == Spanish) && n != 0 && n%1_000_000 == 0 {
		return "many"
	}
	return "other"
}

// pluralOfFraction is plural for a number that may have decimals.
func pluralOfFraction(lang Lang, f float64) string {
	f = math.Abs(f)
	if f == math.Trunc(f) && f < 1<<53 {
		return plural(lang, int64(f))
	}
	switch lang {
	case Hindi, Bengali:
		if f < 1 {
			return "one"
		}
	case Portuguese:
		if f < 2 {
			return "one"
		}
	}
	return "other"
}
