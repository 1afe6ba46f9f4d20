// oneDNN 2.6 to 3.x behind one set of names. All that differs between its versions stands here: descriptions
// in two steps before 3.0, in one since, and what a memory description and a post-operation are asked.
#pragma once

#include <dnnl.hpp>

#if DNNL_VERSION_MAJOR * 100 + DNNL_VERSION_MINOR < 206 || DNNL_VERSION_MAJOR > 3
#error "lipt: this oneDNN is not one of 2.6 to 3.x: install one that is, or choose another LIPT_BACKEND"
#endif

namespace lipt::onednn::detail {

/// One convolution as all of its passes describe it; `weights` of format_tag::any leaves the layout to
/// oneDNN.
struct convolution_description {
    dnnl::algorithm algorithm;
    dnnl::memory::desc source, weights, target;
    const dnnl::memory::desc *bias = nullptr; ///< (out), or null; in the forward pass only
    dnnl::memory::dims strides, padding;
};

#if DNNL_VERSION_MAJOR < 3

inline dnnl::memory::dims dims_of(const dnnl::memory::desc &of) { return of.dims(); }

inline void append_relu(dnnl::post_ops &after) {
    after.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
}

inline dnnl::convolution_forward::primitive_desc describe_forward(const dnnl::engine &engine,
                                                                  dnnl::prop_kind kind,
                                                                  const convolution_description &of,
                                                                  const dnnl::primitive_attr &attributes) {
    using description = dnnl::convolution_forward::desc;
    const auto made = of.bias == nullptr ? description(kind, of.algorithm, of.source, of.weights, of.target,
                                                       of.strides, of.padding, of.padding)
                                         : description(kind, of.algorithm, of.source, of.weights, *of.bias,
                                                       of.target, of.strides, of.padding, of.padding);
    return {made, attributes, engine};
}

/// Pass is dnnl::convolution_backward_data or dnnl::convolution_backward_weights.
template <class Pass>
typename Pass::primitive_desc describe_backward(const dnnl::engine &engine, const convolution_description &of,
                                                const dnnl::primitive_attr &attributes,
                                                const dnnl::convolution_forward::primitive_desc &hint) {
    const typename Pass::desc made(of.algorithm, of.source, of.weights, of.target, of.strides, of.padding,
                                   of.padding);
    return {made, attributes, engine, hint};
}

#else

inline dnnl::memory::dims dims_of(const dnnl::memory::desc &of) { return of.get_dims(); }

inline void append_relu(dnnl::post_ops &after) {
    after.append_eltwise(dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
}

inline dnnl::convolution_forward::primitive_desc describe_forward(const dnnl::engine &engine,
                                                                  dnnl::prop_kind kind,
                                                                  const convolution_description &of,
                                                                  const dnnl::primitive_attr &attributes) {
    if (of.bias == nullptr) {
        return {engine,    kind,       of.algorithm, of.source,  of.weights,
                of.target, of.strides, of.padding,   of.padding, attributes};
    }
    return {engine,    kind,       of.algorithm, of.source,  of.weights, *of.bias,
            of.target, of.strides, of.padding,   of.padding, attributes};
}

/// Pass is dnnl::convolution_backward_data or dnnl::convolution_backward_weights.
template <class Pass>
typename Pass::primitive_desc describe_backward(const dnnl::engine &engine, const convolution_description &of,
                                                const dnnl::primitive_attr &attributes,
                                                const dnnl::convolution_forward::primitive_desc &hint) {
    return {engine,     of.algorithm, of.source,  of.weights, of.target,
            of.strides, of.padding,   of.padding, hint,       attributes};
}

#endif

} // namespace lipt::onednn::detail
