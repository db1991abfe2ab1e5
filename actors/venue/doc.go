// Package venue turns seating plans into checked venues: it imports four formats, draws those that have no coordinates,
// splits what is too large for one writer, ranks seats, stores the result, and generates a stadium for demonstrations.
//
//	pretix plan   seats.io chart   row list   compact plan          one reader: a single pass over the JSON, type
//	     \               \            /           /                 defects noted with their JSON pointer and skipped
//	      └───────────────┴──────────┴───────────┘
//	                          │ draft      labels as the plan has them, nothing trusted yet
//	                       arrange         sections without coordinates: stands around a pitch, or blocks in a grid
//	                          │
//	                        build          unique ids and spots, no empty row, known categories, limits; neighbours by
//	                          │            place; split above SectionSeatsMax
//	                        /    \
//	            *DefectsError    *Venue ── Layout(i) ──> section.Layout   (what the core needs: rows, breaks, quality)
//	            (the full list)     ├───── Encode/Decode                  (stored form)
//	                                └───── PlanJSON ──> Parse             (compact plan, round trip)
//
// A duplicate id is a double sale waiting to happen (P1), so nothing is ever merged: a plan is imported whole or
// refused with the complete list of why. Paths in that list are JSON pointers (RFC 6901) into the plan as it was sent.
//
// Room labels says what a name may hold and what looks alike; room planreader reads the JSON and lists defects. Both
// know no format of plans; the importers here know nothing of JSON but them.
//
// What people cannot tell apart is a duplicate too: labels are kept as they were written and compared by their
// Skeleton. Characters that cannot be seen are accepted where a script needs them (joiners of Persian, Hindi and emoji,
// soft hyphens, directional marks beside right-to-left letters) and refused everywhere else: CheckName is that rule,
// for plans and for whatever names come in at other doors. Letters of different scripts that merely resemble each other
// are not judged. Limits count characters (code points), not bytes.
//
// # Seat ids
//
// A seat's id is <section>-<row>-<seat> from the plan's own labels, kept letter by letter, so that ids printed
// elsewhere go on meaning the same seat. Requests find them in NFC and NFD (see Composed). Three cases need more:
//
//   - pretix: the section is the zone's name with blanks turned into "_" (zone_id where two zones share a name). The
//     plan's true identity is seat_guid, and one zone may hold two rows "A": seats whose labels clash take their guid
//     as id. A repeated guid is a defect in itself.
//   - row list: where two stands have a sector of the same name, every sector is prefixed with its stand: "west-1". A
//     chart of several floors likewise: "2-Main".
//   - general admission: places stand in one row "GA": <section>-GA-1, <section>-GA-2, …
//
// # Neighbours and the front
//
// In rows with coordinates neighbours are those who stand side by side: seats are put in the order of the shortest way
// along their row, round any bend, and an aisle stands where a step is clearly wider than the row's, or somebody of
// another row stands between. A row that is listed in either direction keeps its list. Round tables do too, and compact
// rows that give "breaks", even an empty list. Rows without coordinates go by their numbers: steps of one are
// neighbours, steps of two where a row or each of its two sides has nothing else, every other jump is an aisle. What
// was stored keeps its order for ever, since seat indexes of logs mean it.
//
// Best seats are those nearest to the front: what Options say, else focal points, else a text or shape of the drawing
// that names the stage, else the middle of the top edge. Each floor of a chart is a drawing of its own and has its own
// of these. Venue.DescribeFront says which.
//
// A place that is missing or null is no place, and not (0, 0): a plan that places some of its seats is refused for the
// others.
//
// # The compact plan
//
//	{"name": "Hall", "categories": ["Gold", {"label": "Silver", "color": "#c0c0c0"}], "focal_point": {"x": 5, "y": 0},
//	 "sections": [
//	   {"id": "A", "name": "Stalls", "category": "Gold", "rows": [
//	     {"label": "1", "seats": 20},                                   20 seats: A-1-1 … A-1-20
//	     {"label": "2", "seats": "1-8,8A,18-31"},                       ranges; an aisle where numbers jump (no "x")
//	     {"label": "3", "seats": ["1", "2", "2a"], "breaks": ["2a"]},   any labels; aisles here only
//	     {"label": "4", "seats": 4, "accessible": "1-2", "category": "Silver", "x": [0, 10, 20, 30], "y": 60}]},
//	   {"id": "Standing", "general": 500, "category": "Silver", "box": [0, 100, 300, 200]}]}
//
// Everything but a section's id and its rows or general is optional. Without "categories" the names that sections use
// are the categories; a section without one is "standard". Coordinates are given for all rows of a section or for none;
// "x" and "y" are one number a seat, or one number for the row's first seat. Unknown fields are defects here (a
// misspelt "accesible" must not be lost in silence) while foreign formats have many fields that do not concern us.
// schema/plan-compact.json says all of this as a JSON Schema, and schema/plan-rowlist.json that of the row list; a
// server has both at /schemas/.
//
// # The row list
//
//	{"name": "Ground", "tribunes": [{"name": "West", "category": "Gold", "sectors": [{"name": "1", "rows": [
//	     {"name": "a", "seats": 18},                  18 seats: 1-a-1 … 1-a-18; "18" is the same
//	     {"name": "b", "seats": "1-8,18-31"},         ranges; "18-1" runs down, "1-8,8A" has a seat between,
//	                                                  dashes are of any kind; "W1-W4" has letters, "01-12" keeps
//	                                                  its zeros
//	     {"name": "c", "seats": [9, 10, "10A"]}]}]}]} one entry a seat
//
// A byte order mark before any plan is read over.
//
// # What is too far
//
// A plan is at most 10,000 steps from seat to seat wide and high. One seat farther out is a slip of the pen that would
// leave two dots of the venue, so the seat is named as a defect. A plan of a few seats far from one another is a
// drawing of its own scale, and is drawn.
//
// # What is not kept
//
// Shapes, texts, icons and other drawings; colours that are not #rgb or #rrggbb; "book as a whole" of seats.io tables
// and areas (their chairs are sold one by one); companion and restricted-view marks.
package venue
