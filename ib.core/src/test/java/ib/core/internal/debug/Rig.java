// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.debug;

import static org.assertj.core.api.Assertions.assertThat;

import ib.core.internal.dma.DefaultDmaOps;
import ib.core.internal.dma.HostMemoryPool;
import ib.dma.DmaBus;
import ib.dma.IbDevice;
import ib.dma.IbDma;
import ib.dma.IbDmaOps;
import ib.dma.debug.DmaMisuse;
import ib.dma.debug.DmaReport;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ListAssert;

/** A watched attachment of one device, with one user. */
final class Rig {
  static final String OWNER = "ib.ulp.test";

  final HostMemoryPool pool = new HostMemoryPool(256L << 20);
  final List<String> log = new ArrayList<>();
  final Findings findings = new Findings(log::add, System::nanoTime);
  final IbDevice root;
  final IbDmaOps below;
  final IbDmaOps ops;
  final DmaBus bus;
  final IbDma dma;

  Rig() {
    this(DebugSettings.DEFAULT, false, -1);
  }

  Rig(DebugSettings settings, boolean identity, long boundaryMask) {
    root = new IbDevice("mthca0", 1, identity ? -1 : 0xFFFF_FFFFL, 1 << 16, boundaryMask, "driver");
    below = identity ? new IdentityOps(pool) : new DefaultDmaOps(pool);
    DebugInterposer interposer = new DebugInterposer(pool, settings, findings);
    ops = interposer.wrapOps(root, below);
    ops.attach(root);
    bus = interposer.wrapBus(root, below.bus(root));
    dma = user(OWNER);
  }

  IbDma user(String owner) {
    IbDevice view = root.forOwner(owner);
    ops.attach(view);
    return new IbDma(view, ops);
  }

  List<DmaMisuse> found() {
    return findings.reports().stream().map(DmaReport::misuse).toList();
  }

  ListAssert<DmaMisuse> assertFound() {
    return assertThat(found()).as(() -> findings.reports().toString());
  }

  DmaReport only(DmaMisuse misuse) {
    List<DmaReport> these =
        findings.reports().stream().filter(report -> report.misuse() == misuse).toList();
    assertThat(these).as("reports of " + misuse + " in " + findings.reports()).hasSize(1);
    return these.getFirst();
  }
}
