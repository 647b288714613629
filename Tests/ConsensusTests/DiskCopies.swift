import Consensus

// Members whose disk is put back to an older copy.
extension Council {
  /// Puts an older copy of its disk in place of the one that a member has.
  func setBack(_ index: Int, to disk: Disk) {
    precondition(!seats[index].isUp, "a disk is put back while no process uses it")
    seats[index].disk = disk
    seats[index].isNewestCopy = false
  }

  /// As an engine does once its ledgers have heard enough after a start.
  func noteAwake(_ index: Int) {
    if seats[index].core.waking(of: id) == nil { seats[index].isNewestCopy = true }
  }
}
