internal import Model

/// What a member promised in elections: durable before anything that follows from it is signed.
public struct Ballot: Codable, Hashable, Sendable {
  /// What `promised` was entered on; nil for term 1 and where an election certificate was first.
  public var grounds: Grounds?
  /// The newest election whose result is acted upon; nil in term 1.
  public var office: ElectionCertificate?
  /// The highest term entered: nothing is signed for a lower one.
  public var promised: Int
  /// A term in which two chains of its coordinator were held, one after the other: in that term nothing is acknowledged
  /// any more, so that no two chains of one term have this member's word.
  public var silenced: Int?
  /// The vote given in `promised`.
  public var vote: Vote?

  public init(
    promised: Int = 1, grounds: Grounds? = nil, office: ElectionCertificate? = nil, silenced: Int? = nil,
    vote: Vote? = nil
  ) {
    self.grounds = grounds
    self.office = office
    self.promised = promised
    self.silenced = silenced
    self.vote = vote
  }
}
