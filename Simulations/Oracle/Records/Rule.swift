/// What the oracle checks; the name of a rule is its raw value.
package enum Rule: String, CaseIterable, Comparable, Sendable {
  // What the world tells.

  /// The world told something that cannot be: an id of a wrong length, an unknown collaboration, a configuration
  /// that does not read.
  case told
  /// No more nodes were faulty than the run allows.
  case faultBudget

  // The form of what an honest node keeps or sends.

  /// Bytes are canonical and have the format's members.
  case canonical
  /// The signature of a statement holds.
  case signature
  /// A statement is for its author's network, collaboration, configuration and epoch.
  case foreign
  /// A node that is down neither writes nor sends.
  case silentWhileDown
  /// A certificate has a quorum of distinct voters of its configuration, and their signatures hold.
  case certificate
  /// A statement or certificate names the configuration that the entry at its place names.
  case namedConfiguration

  /// Votes are of the voters of the configuration at the position voted for.
  case electionConfiguration

  // The chain on an honest node's disk.

  /// Each entry follows the one before by number and hash.
  case chainLink
  /// Terms never fall along the chain.
  case termOrder
  /// A term begins with `term.opened`, which holds the election certificate of its coordinator at its own place.
  case termOpened
  /// A configuration gives way only to one that shares quorums with it.
  case configurationStep
  /// Whoever acks an entry after a joint configuration holds a commit certificate for the joint one.
  case jointDecided

  // What any quorum has signed, whoever is faulty.

  /// One head is prepared for a term and number.
  case onePrepared
  /// One candidate has a quorum of votes in a term.
  case oneElected
  /// Election certificates of a term have one position. Two of them break the order of locks.
  case oneBase
  /// The position of an election certificate contains what was decided in terms before.
  case electionKeepsDecided

  // Decisions.

  /// All honest nodes decide the same entries, and nothing else is ever committed.
  case agreement
  /// What a node acts on is covered by a durable commit certificate and a durable chain.
  case decidedCertificate
  /// No honest node drops a decided entry.
  case decidedDropped
  /// Work starts only when the entry that assigns it is decided at that node.
  case workDecided

  // An honest member's promises.

  /// The promised term never falls, and an election certificate of an earlier term is not adopted.
  case promiseFell
  /// A term is entered with grounds: pre-votes of a quorum, a call, a transfer or an election certificate.
  case promiseGrounds
  /// A vote of the promised term is not forgotten.
  case ballotForgotten
  /// One candidate in a term.
  case voteOneCandidate
  /// One position in a term too. The protocol as written allows a second, higher one; without it no term has two
  /// election certificates that differ, which agreement needs.
  case voteOnce
  /// The position voted for never falls within a term.
  case votePositionFell
  /// The position voted for is not below the voter's lock, nor another head at the lock's place.
  case voteLock
  /// The position voted for was certified by somebody: prepared, or the base of an election of an earlier term.
  case votePosition
  /// The ballot is durable before the vote leaves.
  case voteDurable
  /// No vote leaves for a term below the durable promise.
  case voteBelowPromise
  /// Who acks in a term has adopted its election certificate (term 1 needs none).
  case ackOffice
  /// Who acks holds the chain, and held it before it entered a later term.
  case ackDurable
  /// The acked chain contains the position of the term's election; what is above it is of the term.
  case ackBase
  /// The chains that a node acks in a term are one chain.
  case ackOneChain
  /// Who confirms in a term has adopted its election certificate.
  case confirmOffice
  /// Who confirms holds the prepare certificate, and held it before it entered a later term.
  case confirmCertificate
  /// One head is confirmed for a term and number.
  case confirmOnce
  /// Proposals come from the term's coordinator, who has adopted the certificate that elected it.
  case proposalOffice
  /// The entries and the proposal are durable before the proposal leaves.
  case proposalDurable
  /// The proposed entries are of the proposal's term.
  case proposalTerm
  /// Only the coordinator of a term transfers it, to the term after.
  case transferOffice
  /// One entry is proposed for a term and number.
  case proposalOnce

  // Liveness.

  /// Every honest connected voter decides something in a quiet window.
  case progress
  /// Every request is decided.
  case requestLost
  /// No request is decided twice.
  case requestTwice

  package static func < (left: Rule, right: Rule) -> Bool { left.rawValue < right.rawValue }
}
