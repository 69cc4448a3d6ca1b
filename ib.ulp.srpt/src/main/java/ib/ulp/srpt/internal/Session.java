// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import ib.ulp.srpt.internal.scsi.LogicalUnit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** An I_T nexus: the pair of port ids and its channels. Worker thread only. */
final class Session {
  final String initiatorPortId;
  final List<Channel> channels = new ArrayList<>();
  private final Set<Integer> resetUnits = new HashSet<>();

  Session(String initiatorPortId) {
    this.initiatorPortId = initiatorPortId;
  }

  void unitWasReset(LogicalUnit unit) {
    resetUnits.add(unit.lun());
  }

  /** True once for a unit that somebody else reset. */
  boolean takeUnitAttention(LogicalUnit unit) {
    return resetUnits.remove(unit.lun());
  }
}
