// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal.firmware;

import ib.dma.BusAccessor;
import ib.dma.DmaBus;
import ib.driver.ehca.internal.format.Eqe;
import ib.driver.ehca.internal.format.Hcall;
import ib.driver.ehca.internal.format.HcallResult;
import ib.driver.ehca.internal.format.HcallStatus;
import ib.transport.PortWatcher;
import ib.transport.RdmaPort;
import ib.transport.hca.DoorbellBank;
import ib.transport.hca.ProtectionTable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** The adapter: its resources by handle, and the dispatch of hypercalls. Agent thread. */
public final class Adapter implements Hypervisor {
  /** Regions. */
  static final int MAX_MR = 32768;

  static final int MAX_MW = 65536;

  /** A call is not answered "long busy" more often than this in a row. */
  private static final int MOST_BUSY = 2;

  final RdmaPort port;
  final DmaBus bus;
  final BusAccessor accessor;
  final DoorbellBank doorbells;
  final WqeReader reader;
  final ProtectionTable keys;
  final Map<Long, Object> resources = new HashMap<>();
  @Nullable HwEq eq;

  private final AdapterOptions options;
  private final SplittableRandom random;
  private final Calls calls;
  private final PortWatcher watcher;
  private int busyInARow;
  private long nextHandle = 0x1000;

  /**
   * Powers an adapter on.
   *
   * @param port port it is on
   * @param bus its way to memory
   * @param doorbells doorbells of the device
   * @param options behaviour
   */
  public Adapter(RdmaPort port, DmaBus bus, DoorbellBank doorbells, AdapterOptions options) {
    this.port = port;
    this.bus = bus;
    this.doorbells = doorbells;
    this.options = options;
    accessor = new BusAccessor(bus);
    reader = new WqeReader(bus);
    keys = ProtectionTable.ofTwoKeys(MAX_MR + MAX_MW, new SplittableRandom(options.keySeed()));
    random = new SplittableRandom(options.busySeed());
    calls = new Calls(this);
    watcher = (up, why) -> event(up ? Eqe.PORT_UP : Eqe.PORT_DOWN, 0);
    port.watch(watcher);
  }

  @Override
  public HcallResult hcall(Hcall call, long... arguments) {
    port.agent().assertInAgent();
    if (call != Hcall.H_ERROR_DATA && isBusy()) {
      // 1 or 10 ms.
      return HcallResult.of(HcallStatus.H_LONG_BUSY_1_MS + random.nextInt(2));
    }
    return calls.dispatch(call, arguments);
  }

  private boolean isBusy() {
    if (options.busyEvery() > 0
        && busyInARow < MOST_BUSY
        && random.nextInt(options.busyEvery()) == 0) {
      busyInARow++;
      return true;
    }
    busyInARow = 0;
    return false;
  }

  long add(Object resource) {
    long handle = nextHandle++;
    resources.put(handle, resource);
    return handle;
  }

  <T> @Nullable T find(long handle, Class<T> type) {
    Object resource = resources.get(handle);
    return type.isInstance(resource) ? type.cast(resource) : null;
  }

  @Override
  public RegisterPage map(long handle) {
    if (resources.get(handle) instanceof RegisterPage page) {
      return page;
    }
    throw new IllegalArgumentException(
        "resource 0x" + Long.toHexString(handle) + " has no registers");
  }

  @Override
  public void connect(Runnable interrupt) {
    if (eq != null) {
      eq.connect(interrupt);
    }
  }

  void event(int kind, int subject) {
    if (eq != null) {
      eq.post(kind, subject);
    }
  }

  /** A completion queue overran: its queue pairs can't report any more. */
  void overrun(HwCq cq) {
    if (!cq.reportOverrun()) {
      return;
    }
    event(Eqe.CQ_ERROR, cq.token);
    for (Object resource : resources.values()) {
      if (resource instanceof HwQp qp && qp.reportsTo(cq)) {
        qp.failLater("its completion queue overran");
      }
    }
  }

  @Override
  public void powerOff() {
    port.unwatch(watcher);
    for (Object resource : new ArrayList<>(resources.values())) {
      if (resource instanceof HwQp qp) {
        qp.stop();
      }
    }
    resources.clear();
    keys.clear();
    eq = null;
  }
}
