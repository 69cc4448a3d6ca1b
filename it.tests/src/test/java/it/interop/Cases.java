// SPDX-License-Identifier: Apache-2.0
package it.interop;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** All cases, those with the same host side by side. */
final class Cases {
  private Cases() {}

  static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    cases.addAll(RpingCases.all());
    cases.addAll(ToolCases.all());
    cases.addAll(PerftestCases.all());
    cases.addAll(OpsCases.all());
    cases.addAll(SrpCases.all());
    cases.addAll(LifeCases.all());
    cases.addAll(EndCases.all());
    cases.addAll(SwapCases.all());
    return cases;
  }

  /** Those that the build runs. */
  static List<Case> quick() {
    return all().stream().filter(Case::quick).toList();
  }

  /** Of some cases, those for a wire that differs from another in how frames are carried only. */
  static List<Case> shortened(List<Case> cases) {
    return cases.stream()
        .filter(each -> each.quick() || each.faults().equals("loss=5%,seed=1"))
        .toList();
  }

  /** Those whose name holds a pattern. */
  static List<Case> matching(Pattern pattern) {
    return all().stream().filter(each -> pattern.matcher(each.name()).find()).toList();
  }
}
