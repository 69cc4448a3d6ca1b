// SPDX-License-Identifier: Apache-2.0
package ib.bench.transport;

import ib.bench.BenchException;
import ib.bench.runtime.BenchHost;
import ib.dma.DmaMemoryPool;
import ib.verbs.CompletionHandler;
import ib.verbs.RdmaDevice;
import ib.verbs.RdmaException;
import java.net.InetAddress;

/** Two devices of one driver, one on each port. Removed on close. */
final class Pair implements AutoCloseable {
  private final BenchHost host;
  private final String driver;
  private final RdmaDevice left;
  private final RdmaDevice right;
  private final DmaMemoryPool pool;

  Pair(BenchHost host, String driver) throws BenchException {
    this.host = host;
    this.driver = driver;
    host.addDevice(driver, driver + "0", "p0");
    host.addDevice(driver, driver + "1", "p1");
    left = host.device(driver + "0");
    right = host.device(driver + "1");
    pool = host.service(DmaMemoryPool.class, null);
  }

  End left(int depth, int buffers, int bytes, CompletionHandler handler)
      throws RdmaException, BenchException {
    return new End(left, address(0), pool, depth, buffers, bytes, handler);
  }

  End right(int depth, int buffers, int bytes, CompletionHandler handler)
      throws RdmaException, BenchException {
    return new End(right, address(1), pool, depth, buffers, bytes, handler);
  }

  private InetAddress address(int port) {
    return InetAddress.ofLiteral(host.files().address(port));
  }

  @Override
  public void close() throws BenchException {
    host.removeDevice(driver, driver + "0");
    host.removeDevice(driver, driver + "1");
  }
}
