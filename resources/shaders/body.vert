#version 120
// Linear blend skinning. Bone matrices are rows of a float texture: 3 texels (one matrix row
// each) wide, one bone high. INFLUENCES is 4 or 8.
uniform sampler2D u_bones;
uniform float u_bone_count;
uniform mat4 u_view;
uniform mat4 u_projection;
attribute vec3 a_position;
attribute vec3 a_normal;
#if TINTED
attribute vec3 a_tint;
varying vec3 v_tint;
#endif
uniform vec3 u_shift;
attribute vec4 a_bones;
attribute vec4 a_weights;
#if INFLUENCES > 4
attribute vec4 a_bones_more;
attribute vec4 a_weights_more;
#endif
varying vec3 v_normal;
varying vec3 v_position;

vec4 row_x = vec4(0.0), row_y = vec4(0.0), row_z = vec4(0.0);

void add(float bone, float weight) {
    float v = (bone + 0.5) / u_bone_count;
    row_x += weight * texture2D(u_bones, vec2(1.0 / 6.0, v));
    row_y += weight * texture2D(u_bones, vec2(3.0 / 6.0, v));
    row_z += weight * texture2D(u_bones, vec2(5.0 / 6.0, v));
}

void main() {
    add(a_bones.x, a_weights.x);
    if (a_weights.y > 0.0) add(a_bones.y, a_weights.y);
    if (a_weights.z > 0.0) add(a_bones.z, a_weights.z);
    if (a_weights.w > 0.0) add(a_bones.w, a_weights.w);
#if INFLUENCES > 4
    if (a_weights_more.x > 0.0) {
        add(a_bones_more.x, a_weights_more.x);
        add(a_bones_more.y, a_weights_more.y);
        add(a_bones_more.z, a_weights_more.z);
        add(a_bones_more.w, a_weights_more.w);
    }
#endif
    vec4 rest = vec4(a_position, 1.0);
    vec3 world = vec3(dot(row_x, rest), dot(row_y, rest), dot(row_z, rest)) + u_shift;
#if TINTED
    v_tint = a_tint;
#endif
    v_normal = vec3(dot(row_x.xyz, a_normal), dot(row_y.xyz, a_normal), dot(row_z.xyz, a_normal));
    v_position = world;
    gl_Position = u_projection * (u_view * vec4(world, 1.0));
}
