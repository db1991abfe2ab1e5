package schema

import (
	"bytes"
	"encoding/json"

	"holdfast/actors/feed/envelope"
)

// object is JSON with members that Go sorts by name: the same document always in the same bytes.
type object = map[string]any

func text(about string) object { return object{"type": "string", "description": about} }
func number(about string) object {
	return object{"type": "integer", "minimum": 0, "description": about}
}
func ref(name string) object { return object{"$ref": "#/components/schemas/" + name} }
func list(of object) object  { return object{"type": "array", "items": of} }

func moment(about string) object {
	return object{"type": "string", "format": "date-time", "description": about}
}

func closed(about string, members object, required ...string) object {
	return object{"type": "object", "description": about, "properties": members, "required": required}
}

// members are all that data may have.
func members() object {
	return object{
		"event":   text("The event's id."),
		"section": text("The section's id, as in the seat map."),
		"booking": text("The booking's id."),
		"buyer":   text("The buyer's pseudonym under the event's key, in hex."),
		"seats":   object{"type": "array", "items": ref("Seats"), "description": "By section, the home's first."},
		"legs": object{"type": "array", "items": ref("Leg"),
			"description": "Of a booking over several sections."},
		"order":      ref("Order"),
		"total":      ref("Amount"),
		"amount":     ref("Amount"),
		"expires_at": moment("When the hold ends, unless it is extended."),
		"attempt":    number("Which attempt to pay, from 1."),
		"refund":     number("Which refund of the booking, from 1."),
		"reason": object{"type": "string", "enum": []string{envelope.Requested, envelope.Exchanged, envelope.Anomaly},
			"description": "requested; exchanged: other seats cost less; anomaly: " +
				"the money was of an attempt that is not the booking's."},
		"ticket": ref("Ticket"),
		"ticket_types": object{"type": "array", "items": ref("SeatType"),
			"description": "Seats that are not of the default type of their category."},
		"complimentary": object{"type": "boolean", "description": "The booking costs nothing."},
		"exchange":      ref("Exchange"),
		"transfer":      ref("Transfer"),
		"epoch":         number("The fencing number of the section's node."),
		"kind":          number("The number of a change that has no name."),
	}
}

func shared() object {
	return object{
		"Seats": closed("Seats of one section, by their ids.", object{"section": text("The section's id."),
			"seats": list(text("A seat's id."))}, "section", "seats"),
		"SeatType": closed("A seat's type of ticket.", object{"section": text("The section's id."),
			"seat": text("The seat's id."), "type": text("The type's name.")}, "section", "seat", "type"),
		"Leg": closed("A part of a booking that lies in another section than its home.", object{
			"section": text("The section's id."), "leg": text("The subject of leg.* events of that section.")},
			"section", "leg"),
		"Order": closed("Whose leg a leg is.", object{"home": text("The home's section."),
			"id": text("The order's id.")}, "home", "id"),
		"Amount": closed("Money in minor units.", object{"amount": object{"type": "integer",
			"description": "In the currency's smallest unit."}, "currency": text("ISO 4217.")}, "amount", "currency"),
		"Exchange": closed("Seats that are given up for others: the booking has them until booking.exchanged.", object{
			"booking": text("Whose seats they are."), "gives": list(ref("Seats")), "credit": ref("Amount")},
			"booking", "gives", "credit"),
		"Transfer": closed("Tickets that are given to somebody else.", object{
			"number": number("Which offer of the booking, from 1."),
			"from":   text("Who offers them."),
			"to":     text("Whose they are now.")}, "number"),
		"Ticket": closed("A ticket at the door.", object{
			"section":    text("Absent: nobody knows the booking's legs any more."),
			"seat":       text("The seat's id."),
			"rotation":   number("How often its code was issued anew."),
			"scanner":    text("The gate's name."),
			"offline":    object{"type": "boolean", "description": "The scanner could not ask, and said so later."},
			"scanned_at": moment("By the scanner's clock.")}, "rotation"),
		"Headers":  headers(),
		"Envelope": structured(),
		"feed.complete": closed("Everything that these shards' logs had before at stands before this record.",
			object{"node": text("The node that says so."), "partition": number("The topic's partition."),
				"at": moment("Records of these shards that come later are not older."),
				"shards": list(closed("How far one shard was told.", object{
					"shard":    text("event/section, as in partitionkey."),
					"sequence": text("The number of its last record, in 20 digits.")}, "shard", "sequence"))},
			"node", "partition", "at", "shards"),
	}
}

// attributes are CloudEvents' and ours, by their names.
func attributes() object {
	return object{
		"specversion":     text("1.0"),
		"id":              text("event/section/sequence/change, for ever: a repeat has the same."),
		"source":          text("/v1/events/EVENT"),
		"type":            text("Such as booking.held."),
		"subject":         text("The booking's id, or the section's."),
		"time":            moment("When it happened, by the section's clock, which never goes back."),
		"datacontenttype": text("application/json"),
		"partitionkey":    text("event/section: the shard, within which there is an order."),
		"sequence":        text("The record's number in 20 digits, from 1, without gaps."),
		"change":          number("Which of the record's changes, from 0."),
		"changes":         number("How many the record has, at least 1."),
		"hash":            text("The record's, in hex."),
		"previoushash":    text("Of the record before; zeros: it is the first."),
	}
}

var always = []string{"specversion", "id", "source", "type", "subject", "time"}

func structured() object {
	all := attributes()
	all["data"] = object{"type": "object", "description": "As the type's schema says."}
	return closed("An event in CloudEvents' structured mode: webhooks, and the field event of streams' entries.", all,
		append(append([]string{}, always...), "data")...)
}

// headers are the same in binary mode, where all of them are texts.
func headers() object {
	all := object{"content-type": text("application/json")}
	var required []string
	for name, of := range attributes() {
		if name != "datacontenttype" {
			all["ce_"+name] = text(of.(object)["description"].(string))
		}
	}
	for _, name := range always {
		required = append(required, "ce_"+name)
	}
	return closed("Headers of a Kafka record.", all, append(required, "content-type")...)
}

// dataOf is the schema of one type's data.
func dataOf(k *kind) object {
	all, own := members(), object{}
	required := append([]string{"event", "section"}, k.always...)
	for _, name := range append(append([]string{}, required...), k.maybe...) {
		own[name] = all[name]
	}
	return closed(k.summary, own, required...)
}

// Document is the AsyncAPI document, indented.
func Document() []byte {
	schemas, messages, addressed := shared(), object{}, object{}
	message := func(name, summary string) {
		messages[name] = object{"name": name, "title": name, "summary": summary, "contentType": "application/json",
			"headers": ref("Headers"), "payload": ref(name)}
		addressed[name] = object{"$ref": "#/components/messages/" + name}
	}
	for name, k := range kinds {
		schemas[name] = dataOf(&k)
		message(name, k.summary)
	}
	message("feed.complete", "How far the shards of a partition were told.")
	document := object{
		"asyncapi": "3.0.0",
		"info": object{"title": "Holdfast: what happens", "version": "1", "description": "Every change of every " +
			"section's log, at least once, in order within a section, as CloudEvents 1.0. Fields and types may " +
			"be added; those that are there stay. A Kafka record has the attributes as headers and the data as " +
			"its value; webhooks and Redis streams have both in one (the schema Envelope)."},
		"defaultContentType": "application/json",
		"channels": object{"changes": object{"address": "{topic}", "messages": addressed,
			"description": "A Kafka topic: one for all events, or one for each, TOPIC.EVENT.",
			"parameters":  object{"topic": object{"description": "As given to serve --feed."}}}},
		"operations": object{"tell": object{"action": "send", "channel": object{"$ref": "#/channels/changes"},
			"summary": "The server tells what happened."}},
		"components": object{"messages": messages, "schemas": schemas},
	}
	body, err := json.Marshal(document)
	if err != nil { // texts and numbers only: it cannot fail
		panic(err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, body, "", "  "); err != nil { // it was just written
		panic(err)
	}
	return append(out.Bytes(), '\n')
}
