public import Model

/// A rule that turns roster, weights and task into a plan: a pure function, so that anyone makes it again (R62).
public enum Strategy {
  /// Shares subtasks in proportion to weight x fitting free capacity (R33), by largest remainder; ties go to the
  /// candidate whose hash with the seed is lower.
  ///
  /// - Returns: the score of each candidate and how many subtasks it gets, in the order of `candidates`.
  public static func weightedFairShare(
    subtasks: Int, candidates: [(node: NodeID, weightPPM: Int, fits: Int)], seed: Digest
  ) -> [(score: Int, share: Int)] {
    // A node that is full now still gets its turn once work ends there, behind all that have room.
    let scores = candidates.map { candidate in
      max(1, min(candidate.weightPPM, 1 << 30) / 1_000 * min(max(0, candidate.fits), 1 << 20))
    }
    let sum = scores.reduce(0, +)
    guard sum > 0, subtasks > 0 else { return scores.map { ($0, 0) } }
    var shares = scores.map { subtasks * $0 / sum }
    let rest = subtasks - shares.reduce(0, +)
    let order = candidates.indices.sorted { left, right in
      let (leftRemainder, rightRemainder) = (subtasks * scores[left] % sum, subtasks * scores[right] % sum)
      if leftRemainder != rightRemainder { return leftRemainder > rightRemainder }
      return tieBreak(candidates[left].node, seed) < tieBreak(candidates[right].node, seed)
    }
    for index in order.prefix(rest) { shares[index] += 1 }
    return zip(scores, shares).map { ($0, $1) }
  }

  private static func tieBreak(_ node: NodeID, _ seed: Digest) -> Digest {
    Digest(of: seed.bytes + node.digest.bytes)
  }
}
