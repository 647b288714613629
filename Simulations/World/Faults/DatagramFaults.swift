/// What happens to datagrams on their way, each in parts of 1,000.
package struct DatagramFaults: Hashable, Sendable {
  package var lossPermille = 0
  package var duplicationPermille = 0
  /// Held back for up to `reorderingDelay`, so that later ones overtake them.
  package var reorderingPermille = 0
  package var reorderingDelay = Duration.milliseconds(300)
  /// A few bits are flipped, or the end is cut off.
  package var corruptionPermille = 0

  package init() {}
}
