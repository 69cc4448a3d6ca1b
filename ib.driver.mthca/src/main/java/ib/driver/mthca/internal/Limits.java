// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.driver.mthca.internal.prm.Be;
import ib.driver.mthca.internal.prm.DevLim;
import java.lang.foreign.MemorySegment;

/** What QUERY_DEV_LIM answered. */
record Limits(
    int maxQp,
    int maxQpWr,
    int maxSg,
    int maxCq,
    int maxCqe,
    int maxMpt,
    int maxMtt,
    int maxPd,
    int maxRdAtom,
    int eventEntries,
    int maxSrq,
    int maxSrqWr,
    int maxSrqSg,
    int maxMcg,
    int maxQpPerMcg) {
  static Limits read(MemorySegment box) {
    return new Limits(
        Be.get32(box, DevLim.MAX_QP),
        Be.get32(box, DevLim.MAX_QP_WR),
        Be.get32(box, DevLim.MAX_SG),
        Be.get32(box, DevLim.MAX_CQ),
        Be.get32(box, DevLim.MAX_CQE),
        Be.get32(box, DevLim.MAX_MPT),
        Be.get32(box, DevLim.MAX_MTT),
        Be.get32(box, DevLim.MAX_PD),
        Be.get32(box, DevLim.MAX_RD_ATOM),
        Be.get32(box, DevLim.EQ_ENTRIES),
        Be.get32(box, DevLim.MAX_SRQ),
        Be.get32(box, DevLim.MAX_SRQ_WR),
        Be.get32(box, DevLim.MAX_SRQ_SG),
        Be.get32(box, DevLim.MAX_MCG),
        Be.get32(box, DevLim.MAX_QP_PER_MCG));
  }

  /** Regions: the first two entries stay unused. */
  int maxMr() {
    return maxMpt - 2;
  }
}
