// SPDX-License-Identifier: Apache-2.0
package ib.transport.hca;

import ib.verbs.AsyncEvent;
import ib.verbs.AsyncEventType;
import ib.verbs.RdmaException;
import ib.verbs.RdmaResource;
import ib.verbs.spi.ResourceBook;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The life of a verbs object: booked when made, closed once, refused on the agent thread and while
 * something made from it lives, harmless after the device is gone. Thread-safe.
 */
public abstract class HcaResource implements RdmaResource {
  private static final long CLOSE_WAIT_S = 10;

  private enum Life {
    OPEN,
    CLOSING,
    CLOSED
  }

  private final HcaCommands commands;
  private final ResourceBook book;
  private final String label;
  private final Set<HcaResource> users = new LinkedHashSet<>();
  private final CountDownLatch closed = new CountDownLatch(1);
  private volatile Life life = Life.OPEN;

  /**
   * Creates a resource, not yet in the book.
   *
   * @param commands command channel of the device
   * @param book book of the owner
   * @param label kind and number
   */
  protected HcaResource(HcaCommands commands, ResourceBook book, String label) {
    this.commands = commands;
    this.book = book;
    this.label = label;
  }

  /**
   * Ends the hardware's part, synchronously. Not called after the device is gone.
   *
   * @throws BoundException if the hardware keeps it because something is bound to it
   * @throws RdmaException if the hardware did not answer
   */
  protected abstract void destroy() throws RdmaException;

  /**
   * Gives back what the driver holds for this: quotas, uses of other resources. Called once,
   * always.
   */
  protected void release() {}

  /** Books the resource: its maker calls this last. */
  protected final void opened() {
    book.created(this);
  }

  /**
   * The device's command channel.
   *
   * @return commands
   */
  protected final HcaCommands commands() {
    return commands;
  }

  /**
   * The owner's book.
   *
   * @return book
   */
  protected final ResourceBook book() {
    return book;
  }

  /**
   * Tells the owner of an event of this. Agent thread or any other; never blocks.
   *
   * @param type affiliated event
   * @param detail for people
   */
  public final void tellOwner(AsyncEventType type, String detail) {
    book.asyncEvent(new AsyncEvent(type, this, label + ": " + detail));
  }

  @Override
  public final String label() {
    return label;
  }

  /**
   * Whether {@link #close} was called or goes on.
   *
   * @return true if this takes no new work
   */
  public final boolean isClosed() {
    return life != Life.OPEN;
  }

  /**
   * Refuses work on a closed resource.
   *
   * @throws RdmaException if it is closed, or the device is gone
   */
  protected final void requireOpen() throws RdmaException {
    if (life != Life.OPEN) {
      throw new RdmaException(label + " is closed; make a new one");
    }
    commands.requirePresent(label);
  }

  /**
   * Notes that another resource needs this one.
   *
   * @param user a queue pair or region
   * @throws RdmaException if this is closed
   */
  public final void use(HcaResource user) throws RdmaException {
    synchronized (users) {
      if (life != Life.OPEN) {
        throw new RdmaException(label + " is closed; make a new one");
      }
      users.add(user);
    }
  }

  /**
   * Undoes {@link #use}.
   *
   * @param user as given there
   */
  public final void unuse(HcaResource user) {
    synchronized (users) {
      users.remove(user);
    }
  }

  @Override
  public final void close() {
    commands.refuseInAgent("closing " + label);
    if (!beginClose()) {
      awaitClosed();
      return;
    }
    try {
      destroyUnlessWithdrawn();
    } catch (BoundException e) {
      life = Life.OPEN;
      throw new IllegalStateException(label + " can't be closed: " + e.getMessage(), e);
    } catch (IllegalStateException e) {
      // The thread of another agent: nothing was done.
      life = Life.OPEN;
      throw e;
    }
    life = Life.CLOSED;
    release();
    book.destroyed(this);
    closed.countDown();
  }

  private void destroyUnlessWithdrawn() throws BoundException {
    try {
      if (!commands.isWithdrawn()) {
        destroy();
      }
    } catch (BoundException e) {
      throw e;
    } catch (RdmaException e) {
      // The device went while we asked, or is stuck, which the command channel has reported.
      return;
    }
  }

  private boolean beginClose() {
    synchronized (users) {
      if (life != Life.OPEN) {
        return false;
      }
      if (!users.isEmpty() && !commands.isWithdrawn()) {
        throw new IllegalStateException(
            label
                + " is used by "
                + users.iterator().next().label()
                + (users.size() > 1 ? " and " + (users.size() - 1) + " more" : "")
                + "; close that first");
      }
      life = Life.CLOSING;
      return true;
    }
  }

  /** Another thread closes: what close promises must hold for this caller too. */
  private void awaitClosed() {
    try {
      if (!closed.await(CLOSE_WAIT_S, TimeUnit.SECONDS)) {
        throw new IllegalStateException(label + " is being closed for " + CLOSE_WAIT_S + " s");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public String toString() {
    return label + " of " + commands.device();
  }
}
