// SPDX-License-Identifier: Apache-2.0
/** Tools that RDMA people know: users of verbs like any protocol, bound to no driver. */
@NullMarked
package ib.tools.internal;

import org.jspecify.annotations.NullMarked;
