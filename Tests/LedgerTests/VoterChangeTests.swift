import Ledger
import LedgerFixtures
import Model
import Testing

/// A verifier follows who votes through the ledger itself (docs/consensus.md).
@Suite struct VoterChangeTests {
  private func ledger() throws -> FixtureLedger {
    var ledger = try FixtureLedger(memberCount: 7, voterCount: 4)
    try ledger.open()
    try ledger.append()
    return ledger
  }

  private func findings(_ ledger: FixtureLedger, decision: CommitCertificate? = nil) -> [Finding.What] {
    var verifier = Verifier(ledger.collaboration)
    return ledger.verify(&verifier, decision: decision).findings.map(\.what)
  }

  @Test("After a change that is proved, what the new voters alone decide holds, and what the old ones do does not")
  func holds() throws {
    var ledger = try ledger()
    let (old, new) = (Array(ledger.nodes[0..<4]), Array(ledger.nodes[3..<7]))
    try ledger.changeVoters(to: new)
    try ledger.append()
    try ledger.propose()
    #expect(findings(ledger, decision: try ledger.decision(of: 5, by: new)) == [])
    #expect(findings(ledger, decision: try ledger.decision(of: 5, by: old)) == [.decision])
    try ledger.openTerm(by: ledger.nodes[5])
    try ledger.propose()
    #expect(findings(ledger) == [])
  }

  @Test("New voters alone need a decision by a quorum of both, old and new")
  func proof() throws {
    for deciders in [0..<4, 3..<7, 0..<3] {
      var ledger = try ledger()
      try ledger.changeVoters(to: Array(ledger.nodes[3..<7]), decidedBy: Array(ledger.nodes[deciders]))
      #expect(findings(ledger) == [.membership], "\(deciders)")
    }
  }

  @Test("An entry under voters that no entry before it names is found")
  func pretended() throws {
    var ledger = try ledger()
    try ledger.pretendVoters(Array(ledger.nodes[3..<7]))
    try ledger.append()
    try ledger.propose()
    #expect(findings(ledger) == [.membership])
  }

  @Test("Votes of a configuration that is over elect nobody")
  func oldVotes() throws {
    var ledger = try ledger()
    let old = Array(ledger.nodes[0..<4])
    let voters = ledger.configuration
    try ledger.changeVoters(to: Array(ledger.nodes[3..<7]))
    ledger.enterTerm(2, of: ledger.nodes[0])
    let position = Position(term: 1, number: ledger.chain.number, head: ledger.chain.head)
    let vote = Vote(term: 2, candidate: ledger.nodes[0].id, position: position, configuration: voters.hash)
    let opening = ledger.opening(by: try ledger.certificate(vote, by: old))
    try ledger.append(kind: TermOpened.kind, body: CanonicalJSON.json(of: opening))
    try ledger.propose()
    #expect(findings(ledger) == [.election])
  }
}
