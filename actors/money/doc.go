// Package money is the one table of currencies: ISO 4217's codes, and into how many digits of minor units each is cut.
// API, page, tools and mail all ask here, so that an amount means the same everywhere. Amounts are whole minor units
// (cents, yen, fils) in an int64.
//
//	price 4500 ── EUR, exponent 2 ──► 45.00 EUR
//	              JPY, exponent 0 ──►  4500 JPY
//	              KWD, exponent 3 ──► 4.500 KWD
//
// A currency is listed, withdrawn, or no currency at all. Only a listed one may price a new event. A withdrawn one (the
// kuna, the lev) keeps its exponent for ever, because events that were priced in it are still read. Codes that ISO
// lists beside the currencies are refused: nobody pays at a box office in gold, in special drawing rights, in a bond's
// unit of account, or in the code for tests.
//
// Rejected: the tables of browsers and of golang.org/x/text. Both are CLDR's, which lists the digits that shops in a
// country print and not the digits that ISO, and with it every processor, counts in: 450000 COP are 4,500.00 pesos, and
// CLDR shows 450,000. They also change with the reader's browser. A test lists where x/text disagrees, and why.
package money
