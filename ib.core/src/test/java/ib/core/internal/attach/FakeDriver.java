// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.attach;

import ib.dma.DmaCoherent;
import ib.verbs.AsyncEvent;
import ib.verbs.AsyncEventType;
import ib.verbs.CompletionHandler;
import ib.verbs.CompletionQueue;
import ib.verbs.DeviceAttributes;
import ib.verbs.ProtectionDomain;
import ib.verbs.RdmaException;
import ib.verbs.RdmaResource;
import ib.verbs.spi.Hca;
import ib.verbs.spi.HcaContext;
import ib.verbs.spi.HcaDevice;
import ib.verbs.spi.ResourceBook;
import java.lang.reflect.Proxy;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A device whose every step can be made to fail or hang. */
final class FakeDriver extends HcaDevice {
  final AtomicInteger opens = new AtomicInteger();
  final AtomicInteger closes = new AtomicInteger();

  /** Opened and not closed. */
  final AtomicInteger running = new AtomicInteger();

  final CountDownLatch hang = new CountDownLatch(1);
  volatile boolean openFails;
  volatile boolean openHangs;
  volatile boolean probeFails;
  volatile boolean probeHangs;
  volatile boolean closeHangs;
  volatile boolean closeFails;

  /** Awaited by a close, after it has counted itself. */
  volatile @Nullable CountDownLatch closeTogether;

  volatile boolean leaks;
  volatile boolean portUp = true;

  /** What happens after the hardware has looked at its port, and before it says what it saw. */
  volatile Runnable afterPortLook = () -> {};

  volatile long openTakesMs;
  volatile @Nullable HcaContext context;

  /** Of the owner that made a completion queue last. */
  volatile @Nullable ResourceBook book;

  FakeDriver(String name) {
    this(name, "ib.driver.fake");
  }

  FakeDriver(String name, String driver) {
    super(name, "p0", 1, 0xFFFF_FFFFL, 1 << 20, -1, driver);
  }

  void event(AsyncEventType type) {
    context.asyncEvent(type, "as the test says");
  }

  /** Something happened to a resource of the owner that made a completion queue last. */
  void tellOwner(RdmaResource resource, AsyncEventType type) {
    book.asyncEvent(new AsyncEvent(type, resource, "as the test says"));
  }

  private void hang() {
    awaitAll(hang);
  }

  /** Ignores interrupts, as bad drivers do. */
  private static void awaitAll(CountDownLatch latch) {
    while (latch.getCount() > 0) {
      try {
        latch.await();
      } catch (InterruptedException e) {
        // on and on
      }
    }
  }

  @Override
  public Hca open(HcaContext given) throws RdmaException {
    opens.incrementAndGet();
    context = given;
    if (openHangs) {
      hang();
    }
    if (openTakesMs > 0) {
      try {
        Thread.sleep(openTakesMs);
      } catch (InterruptedException e) {
        throw new RdmaException("interrupted", e);
      }
    }
    if (openFails) {
      throw new RdmaException("no such hardware");
    }
    DmaCoherent queue = given.dma().allocCoherent(4096);
    if (running.incrementAndGet() > 1) {
      throw new IllegalStateException("opened twice at the same time");
    }
    return new FakeHca(given, queue);
  }

  private final class FakeHca implements Hca {
    private final HcaContext mine;
    private final DmaCoherent queue;
    private boolean closed;

    FakeHca(HcaContext mine, DmaCoherent queue) {
      this.mine = mine;
      this.queue = queue;
    }

    @Override
    public DeviceAttributes query() {
      return new DeviceAttributes(1, "p0", 4096, 1, 1, 1, 1, 1, 1, 1, 1, 1);
    }

    @Override
    public boolean portUp() {
      boolean seen = portUp;
      afterPortLook.run();
      return seen;
    }

    @Override
    public void probe() throws RdmaException {
      if (probeHangs) {
        hang();
      }
      if (probeFails) {
        throw new RdmaException("self-test failed");
      }
    }

    @Override
    public ProtectionDomain allocPd(ResourceBook book) {
      return resource(ProtectionDomain.class, book, "pd 1");
    }

    @Override
    public CompletionQueue createCq(
        ResourceBook book, int entries, @Nullable CompletionHandler handler) {
      FakeDriver.this.book = book;
      return resource(CompletionQueue.class, book, "cq 2");
    }

    @Override
    public synchronized void close() {
      closes.incrementAndGet();
      CountDownLatch together = closeTogether;
      if (together != null) {
        together.countDown();
        awaitAll(together);
      }
      if (closeHangs) {
        hang();
      }
      if (!closed) {
        closed = true;
        running.decrementAndGet();
        if (!leaks) {
          mine.dma().freeCoherent(queue);
        }
      }
      if (closeFails) {
        throw new IllegalStateException("close is broken");
      }
    }
  }

  private static <R> R resource(Class<R> type, ResourceBook book, String label) {
    Object made =
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (self, method, args) ->
                switch (method.getName()) {
                  case "label", "toString" -> label;
                  case "close" -> {
                    book.destroyed((RdmaResource) self);
                    yield null;
                  }
                  case "hashCode" -> System.identityHashCode(self);
                  case "equals" -> self == args[0];
                  default -> throw new UnsupportedOperationException(method.getName());
                });
    R resource = type.cast(made);
    book.created((RdmaResource) resource);
    return resource;
  }
}
