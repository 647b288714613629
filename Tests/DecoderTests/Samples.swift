import Contract
import Coordination
import Ledger
import Model
import Sodium
import SwiftProtobuf
import Wire

import struct Foundation.Data

@testable import Overlay

/// An input that the project's own encoders make.
struct Sample {
  let decoder: String
  let name: String
  let bytes: [UInt8]
  /// Other random keys make other bytes each time.
  var isDrawn = false
}

/// The corpus, made anew.
enum Samples {
  static func all() throws -> [Sample] {
    try model() + statements() + overlay() + members() + records()
  }

  private static func text(_ decoder: String, _ name: String, _ text: String) -> Sample {
    Sample(decoder: decoder, name: name, bytes: Array(text.utf8))
  }

  static func document(_ decoder: String, _ name: String, _ value: some Encodable) throws -> Sample {
    Sample(decoder: decoder, name: name, bytes: try CanonicalJSON.encode(value))
  }

  private static func model() throws -> [Sample] {
    let cast = Cast.fixed
    var chain = Chain(CollaborationID(Digest(of: [1])))
    let entry = try chain.extend(
      kind: "task.ended", body: .object(["category": .string(""), "numbers": .array([.integer(-1), .null])]), term: 2,
      timeMilliseconds: Cast.now, configuration: Digest(of: [2]))
    return [
      text(
        "canonical-json", "values",
        #"{"":[],"a":[null,true,false,0,-1,9007199254740991],"b":{"c":"\"\\\b\t\n\f\r\u0001é😀"},"\#u{e000}":1}"#),
      text(
        "any-json", "values",
        #" { "b" : [ 1 , -2 ] , "a" : "\ud83d\ude00\/\u00e9" , "c":{ "x":null, "y":true, "z": false } } "#),
      try document("signed-statement", "certificate", cast.founder.certificate),
      try document("signed-statement", "grant", cast.invitation.grant),
      Sample(decoder: "entry", name: "ended", bytes: entry.bytes),
      Sample(decoder: "entry", name: "term-opened", bytes: try termOpened(&chain).bytes),
      text("attempt-id", "third-try", "\(AttemptID(task: TaskID(Digest(of: [3])), subtask: 17, number: 3))"),
      text("attempt-id", "refused-spelling", "\(Digest(of: [3])).+17.03"),
    ]
  }

  private static func termOpened(_ chain: inout Chain) throws -> Entry {
    let (cast, configuration) = (Cast.fixed, Digest(of: [2]))
    let position = Position(term: chain.term, number: chain.number, head: chain.head)
    let vote = Vote(term: 3, candidate: cast.joiner.node, position: position, configuration: configuration)
    let preVote = PreVote(term: 3, configuration: configuration)
    func signed(_ body: some StatementBody) throws -> SignedStatement {
      try cast.joiner.sign(body, collaboration: chain.collaboration)
    }
    let opened = TermOpened(
      cause: TermCause(kind: .lost, by: cast.joiner.node, detail: "silent", person: "é"),
      coordinator: cast.joiner.node, election: try Certificate(vote, [signed(vote)]),
      grounds: .preVotes(try Certificate(preVote, [signed(preVote)])))
    return try chain.extend(
      kind: TermOpened.kind, body: CanonicalJSON.json(of: opened), term: 3, timeMilliseconds: Cast.now,
      configuration: configuration)
  }

  private static func overlay() throws -> [Sample] {
    try frames().map { Sample(decoder: "frame", name: $0, bytes: $1) } + packets()
  }

  private static func members() throws -> [Sample] {
    let cast = Cast.fixed
    var random = Random.seeded(5)
    let introduction = WireIntroduction.with {
      $0.record = WireSignedStatement(cast.joinerRecord)
      $0.proof = Data(cast.signature.bytes)
      $0.peer = Data(cast.founder.node.digest.bytes)
    }
    let allowed = try LocalIdentity.founding(
      name: "test", seeds: NodeSeeds(random: &random), createdMilliseconds: Cast.now, nonce: Digest(of: []),
      admission: Genesis.AdmissionPolicy(invitation: false, allowList: true)
    ).allow(
      cast.joiner.node, seeds: [Invitation.Seed(address: "[::1]:7000", node: cast.founder.node)],
      expiresMilliseconds: Cast.now)
    return [
      Sample(decoder: "handshake-hello", name: "hello", bytes: cast.hello),
      Sample(decoder: "handshake-answer", name: "answer", bytes: cast.answer, isDrawn: true),
      Sample(decoder: "introduction", name: "joiner", bytes: try introduction.serializedBytes()),
      try document("member-record", "founder", cast.founderRecord),
      try document("member-record", "joiner", cast.joinerRecord),
      text("invitation", "text", try cast.invitation.text()),
      try document("invitation", "document", cast.invitation),
      try document("invitation", "allowed", allowed),
      text("host-port", "name", "edge-1.example:7000"),
      text("host-port", "ipv6", "[fe80::1]:65535"),
      text("host-port", "refused-brackets", "[[]]:32"),
    ]
  }
}
